"""A MariaDB server of one's own, for tests that want all databases on one."""

import os
import pathlib
import signal
import socket
import subprocess
import time

DATABASES = ("main", "timeline", "empathy", "notification")


class Mariadb:
    """A private mariadbd on a socket below `folder`."""

    PATHS = ("/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db")

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "mariadb"
        self.folder.mkdir()
        self.socket = self.folder / "s"
        self.process = None
        self.user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [self.PATHS[1], "--no-defaults", "--force", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--innodb-log-file-size=32M", f"--datadir={self.folder}/data",
             *self.user], check=True, capture_output=True, timeout=120)

    @classmethod
    def is_installed(cls):
        return all(os.path.exists(path) for path in cls.PATHS)

    def start(self):
        self.process = subprocess.Popen(
            # A server that starts clears what others have in its tmpdir.
            [self.PATHS[0], "--no-defaults", f"--datadir={self.folder}/data",
             f"--tmpdir={self.folder}",
             f"--socket={self.socket}", f"--pid-file={self.folder}/pid",
             f"--log-error={self.folder}/log", "--skip-networking", "--skip-log-bin",
             "--innodb-buffer-pool-size=64M", "--innodb-buffer-pool-chunk-size=16M",
             "--innodb-log-file-size=32M", "--performance-schema=OFF", "--max-connections=100",
             "--skip-name-resolve", "--character-set-server=utf8mb4", *self.user],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.socket))
                    return self
                except OSError:
                    time.sleep(0.02)
            if self.process.poll() is not None:
                break
        raise AssertionError((self.folder / "log").read_text())

    def end(self, number=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=60)

    def ask(self, statement):
        """Rows of what an operator would see, as lists of texts."""
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root",
                               "--batch", "--skip-column-names", f"--execute={statement}"],
                              check=True, capture_output=True, text=True, timeout=60)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def game_config(self, *schemas):
        """Game state in so many shards."""
        names = ", ".join(f'"{schema}"' for schema in schemas)
        return (f'[game]\nengine = "mariadb"\nsocket = "{self.socket}"\nuser = "root"\n'
                f"schemas = [{names}]\n")

    def config(self, *names):
        """DATABASES, as many as there are `names`, in those schemas."""
        return "".join(
            f'[database.{part}]\nengine = "mariadb"\nsocket = "{self.socket}"\nuser = "root"\n'
            f'schema = "{schema}"\n' for part, schema in zip(DATABASES, names))
