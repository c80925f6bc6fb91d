"""MariaDB servers of one's own: for tests that want all databases on one, or on one and its replica."""

import os
import pathlib
import signal
import socket
import subprocess
import time

from ports import free_port

DATABASES = ("main", "timeline", "empathy", "notification", "checkin", "grants")


class Mariadb:
    """A private mariadbd on a socket below `folder`."""

    PATHS = ("/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db")

    def __init__(self, folder, name="mariadb", words=("--skip-networking", "--skip-log-bin")):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.socket = self.folder / "s"
        self.words = words
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
             f"--log-error={self.folder}/log", *self.words,
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

    def run(self, statements):
        """Runs statements as root, and gives what they say."""
        done = subprocess.run(
            ["/usr/bin/mariadb", "--no-defaults", "--batch", "--skip-column-names", "--user=root",
             f"--socket={self.socket}", f"--execute={statements}"],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (statements, done.stderr)
        return done.stdout.strip()

    def server_config(self, section):
        """A section that names this server."""
        return f'[{section}]\nsocket = "{self.socket}"\nuser = "root"\n'

    def ask(self, statement):
        """Rows of what an operator would see, as lists of texts."""
        return [line.split("\t") for line in self.run(statement).splitlines()]

    def game_config(self, *schemas):
        """Game state in so many shards."""
        names = ", ".join(f'"{schema}"' for schema in schemas)
        return (f'{self.server_config("game")}engine = "mariadb"\n'
                f"schemas = [{names}]\n")

    def config(self, *names):
        """DATABASES, as many as there are `names`, in those schemas."""
        return "".join(
            f'{self.server_config(f"database.{part}")}engine = "mariadb"\nschema = "{schema}"\n'
            for part, schema in zip(DATABASES, names))


class MariadbPair:
    """A primary with a binary log, and a read-only replica that follows it."""

    def __init__(self, folder):
        port = free_port()
        self.primary = Mariadb(folder, "primary", (
            "--server-id=1", "--log-bin=binlog", "--binlog-format=ROW", "--sync-binlog=1",
            "--gtid-strict-mode=1", "--bind-address=127.0.0.1", f"--port={port}")).start()
        self.replica = Mariadb(folder, "replica", (
            "--server-id=2", "--skip-log-bin", "--skip-networking", "--read-only=1")).start()
        self.primary.run("CREATE USER 'follower'@'127.0.0.1' IDENTIFIED BY 'f';"
                         " GRANT REPLICATION SLAVE ON *.* TO 'follower'@'127.0.0.1'")
        self.replica.run(
            f"CHANGE MASTER TO master_host='127.0.0.1', master_port={port}, master_user='follower',"
            " master_password='f', master_use_gtid=slave_pos, master_connect_retry=1; START SLAVE")

    def end(self):
        self.replica.end()
        self.primary.end()

    def stop_applying(self):
        """The replica still hears of commits, but changes nothing any more."""
        self.replica.run("STOP SLAVE SQL_THREAD")

    def go_on_applying(self):
        self.replica.run("START SLAVE SQL_THREAD")

    def catch_up(self):
        """Until the replica has all that the primary has committed by now."""
        place = self.primary.run("SELECT @@gtid_binlog_pos")
        assert self.replica.run(f"SELECT MASTER_GTID_WAIT('{place}', 60)") == "0"
