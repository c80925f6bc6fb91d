#!/usr/bin/env python3
"""Goal: kill -9 at any moment neither loses nor doubles what was answered.
Method: people sign up and post with Idempotency-Keys while the server is killed and started again at
random moments; what was not answered is asked again under the same key. At the end every answered post
stands in the feed once, under the id that was answered, and the doctor finds nothing.
"""

import os
import time
import unittest

import support

ROUND_COUNT = int(os.environ.get("MATSURI_KILL_ROUNDS", "12"))


class KillTest(support.CrashTest):
    def test_kill_under_load(self):
        server = self.server('[journal]\nsegment_bytes = 8388608\n').start()
        posters = [support.Poster(server, f"poster{number}") for number in range(8)]
        late = [support.Poster(server, f"late{number}") for number in range(ROUND_COUNT)]
        for poster in posters:
            poster.start()
        for poster in late:
            # From nothing to some hundred commits, and sometimes in the middle of a sign-up.
            poster.start()
            time.sleep(self.random.choice((0.005, 0.05, 0.3, 1.0)) * self.random.random() * 2)
            server.kill()
            server.start()
        # However few of them a slow machine had taken meanwhile.
        support.wait_until(
            lambda: sum(len(poster.answered) for poster in posters) > 8 * ROUND_COUNT)
        support.finish(posters + late)
        # Each of them answers for itself: a poster that never broke off proves nothing.
        self.assertGreater(sum(poster.unanswered for poster in posters), 0)
        self.assertGreater(sum(len(poster.answered) for poster in posters), 8 * ROUND_COUNT)
        self.check_feed(server, posters + late)
        self.check_doctor(server)
        server.kill()
        self.check_doctor(server)
        server.start()
        self.check_feed(server, posters + late)
        self.assertEqual(server.stop()[0], 0)

    def test_kill_while_it_starts(self):
        server = self.server().start()
        poster = support.Poster(server, "hana")
        poster.start()
        for _ in range(8):
            time.sleep(0.1)
            server.kill()
            for _ in range(3):  # Not waiting for it to serve.
                try:
                    server.start(timeout_s=self.random.random() * 0.2)
                except AssertionError as error:
                    self.assertIn("did not start", str(error))
                server.kill()
            server.start()
        support.finish([poster])
        self.check_feed(server, [poster])
        self.check_doctor(server)


if __name__ == "__main__":
    support.main()
