#!/usr/bin/env python3
"""Goal: `serve --tls-self-signed` is the whole server over https: for who trusts its certificate,
with cookies that go nowhere else, streams, and an orderly end.
"""

import ssl
import time
import unittest

import support


class SecureServer(support.Server):
    scheme = "https"
    words = ("--tls-self-signed",)

    def connect(self, timeout_s=20):
        # With nothing but the certificate that the server keeps: name and address are checked.
        trust = ssl.create_default_context(cafile=f"{self.data}/tls/self-signed.pem")
        return support.Connection(self.port, timeout_s, trust)


class TlsTest(unittest.TestCase):
    def setUp(self):
        self.server = SecureServer()
        self.addCleanup(self.server.remove)

    def test_somebody_signs_up_posts_and_is_heard_live(self):
        person = support.Person(self.server, "hotaru")
        self.assertTrue(person.cookie.startswith("__Host-matsuri="), person.cookie)
        head, stream = self.server.stream(person)
        self.assertEqual(head.status, 200)
        self.assertEqual(person.post(self.server, "over https").status, 201)
        self.assertIn("over https", person.feed(self.server).json["posts"][0]["text"])
        self.assertIn("strict-transport-security", self.server.request("GET", "/readyz").headers)
        stream.close()

    def test_a_page_of_another_scheme_writes_nothing(self):
        person = support.Person(self.server, "mori")
        origin = f"http://127.0.0.1:{self.server.port}"
        answer = self.server.request("POST", "/v1/communities/1/posts", {"text": "no"},
                                     [("Cookie", person.cookie), ("Origin", origin)])
        self.assertEqual(answer.status, 403)

    def test_plain_http_hears_what_to_do(self):
        connection = support.Connection(self.server.port)
        connection.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = connection.read_answer()
        self.assertEqual(answer.status, 400)
        self.assertIn(b"https://", answer.body)

    def test_the_certificate_stays(self):
        name = f"{self.server.data}/tls/self-signed.pem"
        with open(name, "rb") as file:
            before = file.read()
        self.server.restart()
        with open(name, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(self.server.request("GET", "/readyz").status, 200)

    def test_it_ends_in_time_while_clients_stay(self):
        connection = self.server.connect()
        _, stream = self.server.stream()
        begin = time.monotonic()
        self.assertEqual(self.server.stop(), 0, self.server.log()[-2000:])
        self.assertLess(time.monotonic() - begin, 10)
        connection.close()
        stream.close()


class RefusedTest(unittest.TestCase):
    def test_what_is_no_certificate_stops_the_start(self):
        server = SecureServer()
        self.addCleanup(server.remove)
        server.stop()
        with open(f"{server.data}/tls/self-signed.pem", "w", encoding="ascii") as file:
            file.write("notes of my own\n")
        with self.assertRaisesRegex(AssertionError, "holds no key with its certificate: remove it"):
            server.start()


if __name__ == "__main__":
    unittest.main()
