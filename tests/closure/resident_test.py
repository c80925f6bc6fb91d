#!/usr/bin/env python3
"""Goal: a resident closure answers `ok` for what it keeps, through kill -9, and changes what it is told
while it runs.
Method: `show.checkin serve` on a port of its own; viewers at once; the nonces of tickets in its journal.
"""

import concurrent.futures
import json
import signal
import threading
import time
import unittest

import support


class ResidentTest(support.ClosureTest):
    def answer(self, server, body):
        status, content = server.post(body)
        self.assertEqual(status, 200, content)
        return json.loads(content)

    def test_answers_and_keeps(self):
        server = support.Server(self).start()
        ticket, other = server.ticket(), server.ticket()
        good = support.body_of(ticket, self.start_ms)
        wrong = support.body_of(other, self.start_ms, film=2)
        support.wait_for_burst(ticket, other)
        self.assertEqual(self.answer(server, good),
                         {"answer": "ok", "window": 1, "campaign": "waves", "points": 5})
        self.assertEqual(self.answer(server, wrong),
                         {"answer": "retry", "hint": "step_closer", "retry_in_ms": 0})
        kept = server.kept()
        self.assertEqual([kept.count(ticket.nonce), kept.count(other.nonce)], [1, 1])
        self.assertIn(b'matsuri_checkin_attempts_total{result="ok"} 1\n', server.request("GET", "/metrics")[1])
        self.assertEqual(server.stop(), 0)

    def test_a_process_that_never_saw_a_ticket_judges_it(self):
        first, second = support.Server(self, "first").start(), support.Server(self, "second").start()
        ticket = first.ticket()
        good = support.body_of(ticket, self.start_ms)
        self.assertEqual(first.stop(), 0)
        support.wait_for_burst(ticket)
        self.assertEqual(self.answer(second, good)["answer"], "ok")
        self.assertIn(ticket.nonce, second.kept())

    def test_hears_of_new_settings(self):
        settings = self.folder / "settings"
        settings.write_text(f'start = "{self.start_text()}"\n', encoding="ascii")
        server = support.Server(self, "data", "--settings", str(settings)).start()
        ticket = server.ticket()
        good = support.body_of(ticket, self.start_ms)
        support.wait_for_burst(ticket)
        self.assertEqual(self.answer(server, good)["answer"], "ok")

        def change(text, word):
            settings.write_text(text, encoding="ascii")
            before = server.log.read_text("utf-8").count(word)
            server.process.send_signal(signal.SIGHUP)
            while server.log.read_text("utf-8").count(word) == before:
                self.assertIsNone(server.process.poll())
                time.sleep(0.02)

        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start_ms / 1000 + 3600))
        change(f'start = "{later}"\n', "settings changed")
        self.assertEqual(self.answer(server, good)["answer"], "not_now")
        for wrong in ('start = "at nine"\n', 'delay-cabel = 5\n', 'delay-cable = 120001\n'):
            change(wrong, "left as they were")
            self.assertEqual(self.answer(server, good)["answer"], "not_now")
        # 120 s earlier than before, and as much on the way.
        earlier = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.start_ms // 1000 - 120))
        change(f'start = "{earlier}.{self.start_ms % 1000:03}Z"\ndelay-terrestrial = 120000\n',
               "settings changed")
        self.assertEqual(self.answer(server, good)["answer"], "ok")

    def test_kill_9_loses_nothing_that_was_ok(self):
        server = support.Server(self).start()
        oks, lock = [], threading.Lock()
        for number in range(4):
            tickets = [server.ticket(account) for account in range(1, 9)]
            bodies = [support.body_of(ticket, self.start_ms) for ticket in tickets]
            support.wait_for_burst(*tickets)
            enough = threading.Event()

            def post_on(ticket, body):
                """The same attempt again and again: each answer is a record of its own."""
                count = 0
                try:
                    while True:
                        status, content = server.post(body)
                        if status == 200 and json.loads(content)["answer"] == "ok":
                            count += 1
                            enough.set()
                        elif status == 200:  # too old by now
                            break
                except OSError:
                    pass  # killed
                with lock:
                    oks.append((ticket.nonce, count))

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                runs = [pool.submit(post_on, *pair) for pair in zip(tickets, bodies)]
                enough.wait(60)
                time.sleep(0.05 * number)
                server.kill()
                for run in runs:
                    run.result()
            server.start()
        kept = server.kept()
        self.assertGreater(sum(count for _, count in oks), 0)
        for nonce, count in oks:
            self.assertGreaterEqual(kept.count(nonce), count)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
