#!/usr/bin/env python3
"""Goal: SIGTERM and SIGINT end the server within 10 s with status 0, and lose nothing, also where the
parent ignored them; what must not run beside it says so.
"""

import json
import signal
import sqlite3
import subprocess
import time
import unittest

import support


class StopTest(support.CrashTest):
    def stop_under_load(self, number, with_ignored_signals):
        server = self.server().start(with_ignored_signals)
        posters = [support.Poster(server, f"poster{index}") for index in range(4)]
        for poster in posters:
            poster.start()
        time.sleep(1)
        support.wait_for_each(posters)
        # A stream that stays open must not keep the server.
        stream = subprocess.Popen(["curl", "-sN", f"http://127.0.0.1:{server.port}/v1/stream"],
                                  stdout=subprocess.PIPE)
        self.assertTrue(stream.stdout.readline())
        status, _ = server.stop(number)
        stream.communicate(timeout=10)
        self.assertEqual(status, 0, server.tail())
        self.check_doctor(server)
        server.start()
        support.finish(posters)
        self.assertGreater(sum(len(poster.answered) for poster in posters), 0)
        self.check_feed(server, posters)
        self.assertEqual(server.stop(number)[0], 0)

    def test_sigterm(self):
        self.stop_under_load(signal.SIGTERM, False)

    def test_sigint(self):
        self.stop_under_load(signal.SIGINT, False)

    def test_sigterm_inherited_as_ignored(self):
        self.stop_under_load(signal.SIGTERM, True)

    def test_sigint_inherited_as_ignored(self):
        self.stop_under_load(signal.SIGINT, True)

    def test_while_it_starts(self):
        server = self.server()
        for delay_s in (0.02, 0.05, 0.1, 0.2):
            process = subprocess.Popen(
                [support.BINARY, "serve", "--data", str(server.data), "--config",
                 str(server.config), "--listen", "127.0.0.1:0"], stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            time.sleep(delay_s)
            process.terminate()
            # Before the signals are ours, the default is to die of them.
            self.assertIn(process.wait(timeout=10), (0, -signal.SIGTERM))
        server.start()
        self.check_doctor(server)

    def test_second_process(self):
        server = self.server().start()
        second = server.command("serve", "--listen", "127.0.0.1:0")
        self.assertEqual(second.returncode, 1)
        self.assertIn("another matsuri works on", second.stderr)
        rebuild = server.command("rebuild", "timeline")
        self.assertEqual(rebuild.returncode, 1)
        self.assertIn("another matsuri works on", rebuild.stderr)
        self.assertEqual(server.get("/v1/communities/1/posts")[0], 200)


class CommandTest(support.CrashTest):
    def test_account_role(self):
        server = self.server().start()
        _, token = support.sign_up(server.port, "hana")
        support.sign_up(server.port, "taro")

        def give(role):
            return support.request(server.port, "PUT", "/v1/accounts/taro/role", {"role": role},
                                   token=token)[0]

        self.assertEqual(give("moderator"), 403)
        done = server.command("account", "role", "hana", "admin")
        self.assertEqual((done.returncode, done.stdout), (0, "hana is admin\n"), done.stderr)
        self.assertTrue(support.wait_until(lambda: give("moderator") == 200, 5),
                        "the server does not hear of a role")
        self.assertEqual(json.loads(server.get("/v1/accounts/taro")[1])["role"], "moderator")
        server.stop()
        server.start()
        self.assertEqual(json.loads(server.get("/v1/accounts/hana")[1])["role"], "admin")

        self.assertEqual(server.command("account", "role", "nobody", "admin").returncode, 1)
        self.assertEqual(server.command("account", "role", "hana", "king").returncode, 2)
        self.check_doctor(server)

    def test_wrong_folder(self):
        for words in (("doctor",), ("account", "role", "hana", "admin"), ("requeue",),
                      ("rebuild", "timeline"), ("backup", "--to", f"{self.folder}/b")):
            done = support.run_command(*words, "--data", self.folder / "nothing")
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("no data folder", done.stderr)
        self.assertFalse((self.folder / "nothing").exists(), "a command made a folder")

    def test_quarantine(self):
        """A record that the database refuses is set aside alone, and applied when it no longer is."""
        server = self.server().start()
        _, token = support.sign_up(server.port, "hana")

        def change(statement):
            database = sqlite3.connect(server.data / "db/timeline.sqlite", timeout=30)
            with database:
                database.execute(statement)
            database.close()

        change("CREATE TRIGGER refuse BEFORE INSERT ON post WHEN NEW.text LIKE 'poison%'"
               " BEGIN SELECT RAISE(ABORT, 'poison'); END")
        texts = ["before", "poison 1", "between", "poison 2", "after"]
        for text in texts:
            status, body, _ = support.request(server.port, "POST", "/v1/communities/1/posts",
                                              {"text": text}, token=token)
            self.assertEqual(status, 201, body)
        server.wait_applied()
        self.assertEqual([text for _, text in server.feed()], ["after", "between", "before"])
        self.assertEqual(server.metric("matsuri_applier_quarantined_total"), 2)
        listed = server.command("requeue").stdout.splitlines()
        self.assertEqual(len(listed), 2, listed)
        positions = [line.split()[0] for line in listed]
        self.assertEqual(server.command("doctor").returncode, 1)

        failed = server.command("requeue", positions[0])
        self.assertEqual(failed.returncode, 1, failed.stdout)
        self.assertEqual(len(server.command("requeue").stdout.splitlines()), 2)
        change("DROP TRIGGER refuse")
        done = server.command("requeue", positions[0])
        self.assertEqual((done.returncode, done.stdout), (0, f"{positions[0]}: applied\n"))
        self.assertEqual(server.command("requeue", "--all").returncode, 0)
        server.wait_applied()
        # The server's memory hears of what another process wrote within a fifth of a second.
        support.wait_until(lambda: len(server.feed()) == len(texts), 10)
        self.assertEqual(sorted(text for _, text in server.feed()), sorted(texts))
        self.check_doctor(server)

    def test_rebuild(self):
        server = self.server().start()
        posters = [support.Poster(server, f"poster{index}") for index in range(3)]
        for poster in posters:
            poster.start()
        time.sleep(1)
        support.finish(posters)
        server.stop()
        done = server.command("rebuild", "timeline")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_doctor(server)
        server.start()
        self.check_feed(server, posters)
        self.assertEqual(server.command("requeue").stdout, "nothing is in quarantine\n")
        self.assertEqual(server.command("requeue", "--all").returncode, 0)
        self.assertEqual(server.command("requeue", "0.1.00000000000000aa.7").returncode, 1)
        self.assertEqual(server.command("requeue", "no position").returncode, 2)

    def feel(self, server, count=12):
        """Posts of one, with which two others feel empathy; the ids, and a way to ask for it all."""
        people = [support.sign_up(server.port, handle)[1] for handle in ("author", "ken", "rin")]
        posts = []
        for number in range(count):
            status, body, headers = support.request(
                server.port, "POST", "/v1/communities/1/posts", {"text": f"post {number}"},
                token=people[0])
            self.assertEqual(status, 201, body)
            posts.append(json.loads(body)["id"])
            for token in people[1:number % 2 + 2]:
                status, body, _ = support.request(
                    server.port, "PUT", f"/v1/posts/{posts[-1]}/empathy", token=token,
                    position=headers["matsuri-position"])
                self.assertEqual(status, 200, body)

        def shown():
            server.wait_applied()
            felt = [[one["handle"] for one in json.loads(
                server.get(f"/v1/posts/{post}/empathies")[1])["people"]] for post in posts]
            told = json.loads(server.get("/v1/notifications?limit=100", token=people[0])[1])
            return felt, sorted((one["post"]["id"], one["people_count"])
                                for one in told["notifications"])
        return people[0], shown

    # Goal: a folder of the time when there were two databases is served on, and the new ones are
    # filled with what journals and outboxes hold.
    def test_databases_that_are_new(self):
        server = self.server().start()
        _, shown = self.feel(server)
        before = shown()
        self.assertEqual([len(people) for people in before[0]], [1, 2] * 6)
        self.assertEqual(len(before[1]), 12)
        server.stop()
        for path in (server.data / "db").iterdir():
            if path.name.startswith(("empathy", "notification")):
                path.unlink()
        self.check_doctor(server)
        self.assertEqual(server.command("backup", "--to", server.folder / "backup").returncode, 0)
        server.start()
        self.assertEqual(shown(), before)
        self.check_doctor(server)
        # A backup of that time, too.
        server.stop()
        copy = self.server(data=server.folder / "copy")
        restored = copy.command("restore", "--from", server.folder / "backup")
        self.assertEqual(restored.returncode, 0, restored.stderr)
        copy.start()
        copy.wait_applied()
        self.check_doctor(copy)

    def test_rebuild_of_reactions(self):
        server = self.server().start()
        author, shown = self.feel(server)
        before = shown()
        settings = {"empathy": True, "comment": False, "thread": True, "follow": False}
        status, body, _ = support.request(server.port, "PUT", "/v1/notifications/settings", settings,
                                          token=author)
        self.assertEqual(status, 200, body)
        server.stop()
        with sqlite3.connect(server.data / "db/empathy.sqlite") as database:
            database.execute("UPDATE post SET amount = amount + 1")
        database.close()
        self.assertIn("another count", server.command("doctor").stdout)
        for view in ("empathy", "notification"):
            done = server.command("rebuild", view)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.check_doctor(server)
        server.start()
        self.assertEqual(shown(), before)
        kept = json.loads(server.get("/v1/notifications/settings", token=author)[1])
        self.assertEqual(kept, settings)


if __name__ == "__main__":
    support.main()
