#!/usr/bin/env python3
"""Goal: what a stranger makes of tickets and descriptors is refused, whichever way the closure runs, and
whatever came with a ticket of ours is kept as a failure of whoever holds it.
Method: tickets that the test signs itself, with the age that they need, and each attack beside a post that is
right. How often a picture is taken for another one is `./dev bench attacks`; here each attack is made once.
"""

import json
import random
import struct
import unittest

import support


def descriptor(frames):
    """The wire form of src/match/descriptor.h: 24 frames, one every 125 ms, of 16 values each."""
    return support.base64url(struct.pack("<BBH", 1, 24, 0) + b"".join(
        struct.pack("<H16b", 125 * number, *frame) for number, frame in enumerate(frames)))


class Attacks:
    """For a test that has post(body) and kept()."""

    def right(self, ticket):
        """The body of somebody who does all as they should."""
        return json.loads(support.body_of(ticket, self.start_ms))

    def answers(self, body, answer):
        """200, with this answer, and the attempt is kept."""
        nonce = support.from_base64url(body["ticket"])[26:42]
        before = self.kept().count(nonce)
        status, content = self.post(json.dumps(body))[:2]
        self.assertEqual(status, 200, content)
        self.assertLessEqual(answer.items(), json.loads(content).items())
        self.assertEqual(self.kept().count(nonce), before + 1)

    def retries(self, body, hint):
        self.answers(body, {"answer": "retry", "hint": hint})

    def test_anothers_descriptor(self):
        """Both watch the same moment: what one sent was heard, and is sent again under the other's ticket."""
        mine, theirs = self.right(support.own_ticket(42)), self.right(support.own_ticket(43))
        self.retries({**mine, "descriptor": theirs["descriptor"]}, "step_closer")
        self.answers(theirs, {"answer": "ok"})

    def test_old_ticket(self):
        self.retries(self.right(support.own_ticket(age_ms=15_001)), "new_ticket")
        self.answers(self.right(support.own_ticket()), {"answer": "ok"})

    def test_made_up_descriptors(self):
        numbers = random.Random(1)

        def noise():
            return [numbers.randint(-127, 127) for _ in range(16)]
        for hint, frames in (("more_light", [[0] * 16] * 24), ("step_closer", [[18] * 16] * 24),
                             ("step_closer", [[127] * 16] * 24), ("step_closer", [noise()] * 24),
                             ("step_closer", [noise() for _ in range(24)])):
            self.retries({**self.right(support.own_ticket()), "descriptor": descriptor(frames)}, hint)

    def test_forged_tickets(self):
        body = self.right(support.own_ticket())
        self.answers(body, {"answer": "ok"})
        whole, before = support.from_base64url(body["ticket"]), self.kept()
        forged = [bytes(byte ^ (0x10 if at == place else 0) for at, byte in enumerate(whole))
                  for place in range(len(whole))]  # each byte of it, the mac's among them
        forged.append(support.from_base64url(support.own_ticket(43).text)[:42] + whole[42:])
        for ticket in forged:
            status, content = self.post(json.dumps({**body, "ticket": support.base64url(ticket)}))[:2]
            self.assertEqual((status, json.loads(content)["code"]), (401, "unauthenticated"), ticket)
        self.assertEqual(self.kept(), before, "nobody's attempts leave nothing")


class ResidentAttackTest(Attacks, support.ClosureTest):
    def setUp(self):
        super().setUp()
        self.server = support.Server(self).start()

    def post(self, body):
        return self.server.post(body)

    def kept(self):
        return self.server.kept()


class CgiAttackTest(Attacks, support.CgiTest):
    pass


if __name__ == "__main__":
    unittest.main()
