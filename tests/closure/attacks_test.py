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

    def answers(self, make_body, answer):
        """200, with this answer, and the attempt is kept. Where the machine is so slow that an attempt is too late
        or turned away, the next one counts. Gives the body."""
        for _ in range(20):
            body = make_body()
            nonce = support.from_base64url(body["ticket"])[26:42]
            status, content = self.post(json.dumps(body))[:2]
            said = json.loads(content)
            if status != 503 and (said.get("hint") != "new_ticket" or answer.get("hint") == "new_ticket"):
                break
        self.assertEqual(status, 200, content)
        self.assertLessEqual(answer.items(), said.items())
        self.assertEqual(self.kept().count(nonce), 1)
        return body

    def retries(self, make_body, hint):
        self.answers(make_body, {"answer": "retry", "hint": hint})

    def accepts(self):
        return self.answers(lambda: self.right(support.own_ticket()), {"answer": "ok"})

    def test_anothers_descriptor(self):
        """Both watch the same moment: what one sent was heard, and is sent again under the other's ticket."""
        self.retries(lambda: {**self.right(support.own_ticket(42)),
                              "descriptor": self.right(support.own_ticket(43))["descriptor"]}, "step_closer")
        self.accepts()

    def test_old_ticket(self):
        self.retries(lambda: self.right(support.own_ticket(age_ms=15_001)), "new_ticket")
        self.accepts()

    def test_made_up_descriptors(self):
        numbers = random.Random(1)

        def noise():
            return [numbers.randint(-127, 127) for _ in range(16)]
        for hint, frames in (("more_light", [[0] * 16] * 24), ("step_closer", [[18] * 16] * 24),
                             ("step_closer", [[127] * 16] * 24), ("step_closer", [noise()] * 24),
                             ("step_closer", [noise() for _ in range(24)])):
            made_up = {"descriptor": descriptor(frames)}
            self.retries(lambda made_up=made_up: {**self.right(support.own_ticket()), **made_up}, hint)

    def test_forged_tickets(self):
        body = self.accepts()
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
