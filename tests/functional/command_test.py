"""Goal: whoever mistypes a command, an option, a configuration or a file is told what is wrong, by a
message and an exit status (docs/operations/run.md, docs/formats/import.md).
Method: the binary, started with each mistake.
"""

import json
import pathlib
import socket
import subprocess
import tempfile
import unittest

import support

COMMANDS = ("serve", "import", "account", "raid", "backup", "restore", "rebuild", "requeue",
            "doctor", "shards")


def run(*words):
    return subprocess.run([support.BINARY, *map(str, words)], capture_output=True, text=True,
                          timeout=60, check=False)


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="matsuri_command_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data = self.folder / "data"

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


class CommandLineTest(CommandTest):
    def test_help_and_version(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = run(command, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertIn("--help", done.stdout)
        self.assertRegex(run("--version").stdout, r"^matsuri \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for words in ((), ("serf",), ("serve", "--nonsense"), ("import",), ("backup",),
                      ("account", "role", "hana"), ("shards",), ("shards", "move", "1"), ("restore", "--from", self.folder, "--node", "255")):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertTrue(done.stderr.strip())

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run("serve", "--data", self.data, "--listen", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(port), done.stderr)


class ConfigurationTest(CommandTest):
    WRONG = (
        ('nonsense = 1', "line 1, column", "nonsense is not known"),
        ('\n[journal]\nsegment_bites = 1', "line 3, column", "journal.segment_bites is not known"),
        ('[journal]\nsegment_bytes = 8388607', "journal.segment_bytes", "8388608 to 1073741824"),
        ('[journal]\nsegment_bytes = 1073741825', "journal.segment_bytes", "8388608 to 1073741824"),
        ('threads = "two"', "threads: expected a whole number", ""),
        ('threads = -1', "threads: expected a whole number", ""),
        ('behind_tls = 1', "behind_tls: expected true or false", ""),
        ('trusted_proxies = "127.0.0.1"', "trusted_proxies: expected a list of strings", ""),
        ('database = "mariadb"', "database: expected a table", ""),
        ('[database.main]\nengine = "oracle"', '"sqlite" or "mariadb"', ""),
        ('[database.main]\ndurability = "some"', '"full" or "normal"', ""),
        ('[game]\nshards = 65', "game.shards", "1 to 64"),
        ('[game]\nkeep_days = 7', "game.keep_days", "0 or 8 to 400"),
        ('[game]\nkeep_days = 401', "game.keep_days", "0 or 8 to 400"),
        ('[game]\nengine = "mariadb"\nschemas = []', "game.schemas", "1 to 64"),
        ('[game]\nengine = "oracle"', "game.engine", '"sqlite" or "mariadb"'),
        ('[game]\nschemas = ["a"]', "schemas is for mariadb", ""),
        ('[game]\ndurability = "normal"', "game.durability is not known", ""),
        ('node = 255', "node: 0 to 254", "255 is the import's"),
        ('region = 8', "region: 0 to 7", ""),
        ('listen = "8080"', "HOST:PORT", ""),
        ('[limits.account_read]\nburst = 0', "limits.account_read.burst: expected a number above 0", ""),
        ('[log]\nlevel = "loud"', "debug, info, warn or error", ""),
        ('= 1', "line 1, column", ""),
    )

    def test_each_mistake_is_named(self):
        for text, *parts in self.WRONG:
            with self.subTest(text):
                config = self.file("matsuri.toml", text)
                done = run("serve", "--data", self.data, "--config", config)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(str(config), done.stderr)
                for part in parts:
                    self.assertIn(part, done.stderr)
                self.assertFalse(self.data.exists(), "a mistake made a data folder")

    def test_the_limits_themselves_are_taken(self):
        config = self.file("matsuri.toml",
                           'node = 254\nregion = 7\n[journal]\nsegment_bytes = 8388608\n')
        done = run("import", "--data", self.data, "--config", config, self.file("none.ndjson", ""))
        self.assertEqual(done.returncode, 0, done.stderr)


class ImportTest(CommandTest):
    USER = {"kind": "user", "source": "old", "id": "u1", "name": "Mika",
            "created_at": "2019-07-06T09:00:00Z"}
    POST = {"kind": "post", "source": "old", "id": "1", "author": "u1", "community": "1",
            "text": "Who lit them?", "created_at": "2019-07-06T09:30:00Z"}

    def lines(self, *rows):
        return self.file("lines.ndjson", "".join(json.dumps(row) + "\n" for row in rows))

    def test_taken_then_known(self):
        lines = self.lines(self.USER, self.POST)
        for taken, known in (("1 people, 1 posts", 0), ("nothing", 2)):
            done = run("import", "--data", self.data, lines)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"{taken} taken, {known} known", done.stdout)

    def test_refused_lines(self):
        lines = self.lines(self.USER, {**self.POST, "author": "u2"}, self.POST)
        done = run("import", "--data", self.data, lines)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"{lines}:2: unknown_author: ", done.stderr)
        self.assertIn("unknown_author: 1", done.stdout)

    def test_a_file_that_is_not_there(self):
        done = run("import", "--data", self.data, self.folder / "nothing.ndjson")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nothing.ndjson", done.stderr)
        self.assertFalse(self.data.exists())

    def test_beside_a_server(self):
        server = support.Server()
        self.addCleanup(server.remove)
        done = run("import", "--data", server.data, self.lines(self.USER))
        self.assertEqual(done.returncode, 1)
        self.assertIn("another matsuri works on", done.stderr)


if __name__ == "__main__":
    unittest.main()
