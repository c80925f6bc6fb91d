"""Goal: whatever strangers send, the running server gives the right answer or a clear error: never a
crash, a hang or a 5xx of its own; and a text that it took comes back as it was cleaned.

Method: collections that broke other programs go in by every door: whole requests, bodies, names, texts,
paths, queries, headers and cookies. At the end the process is the same, and its log has no error.
"""

import concurrent.futures
import gzip
import io
import json
import os
import random
import re
import subprocess
import tarfile
import unicodedata
import unittest
import urllib.parse

from support import SHARED, Hang, Person, Server, skip_program, to_bytes

DATA = SHARED / "data"
# Beside 4xx: the method is not known (501 is its one right answer).
REFUSALS = set(range(400, 500)) | {501}


def archive(path):
    """The files of a .tar.zst by name."""
    raw = subprocess.run(["zstd", "-dcq", str(DATA / path)], stdout=subprocess.PIPE,
                         check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {member.name: tar.extractfile(member).read()
                for member in tar.getmembers() if member.isfile()}


def gunicorn_requests():
    """gunicorn writes line ends and control characters out; its own line ends mean nothing."""
    for folder in ("valid", "invalid"):
        for name, text in archive(f"http_torture/gunicorn_requests_{folder}.tar.zst").items():
            if name.endswith(".http"):
                plain = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"f": b"\f"}
                text = text.replace(b"\n", b"")
                text = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda hit: bytes([int(hit[1], 16)]), text)
                yield f"{folder}/{name}", re.sub(rb"\\([rnt0f])", lambda hit: plain[hit[1]], text)


def llhttp_requests():
    """The ```http blocks of llhttp's vectors: \\r and \\n are written out, a backslash ends a line
    that goes on, and other line ends are CR LF."""
    for name, text in archive("http_torture/llhttp_md_vectors.tar.zst").items():
        blocks = re.findall(rb"```http\n(.*?)```", text, re.S)
        for index, block in enumerate(blocks):
            block = block.replace(b"\\\n", b"").replace(b"\n", b"\r\n")
            for written, meant in ((rb"\r", b"\r"), (rb"\n", b"\n"), (rb"\t", b"\t"),
                                   (rb"\f", b"\f")):
                block = block.replace(written, meant)
            yield f"{name}#{index}", block


def unicode_lines(name):
    with gzip.open(DATA / f"unicode/{name}", "rt", encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line and not line.startswith("@"):
                yield line


def letters(codes):
    return "".join(chr(int(code, 16)) for code in codes.split())


def cleaned(text):
    """What the server keeps of a text that it takes. White space that carries a mark is a character
    with it, and stays."""
    text = text.replace("\r\n", "\n").rstrip()
    while text[:1].isspace():
        follower = text[1:2] or "a"
        is_mark = unicodedata.category(follower)[0] == "M" or follower in "\u200c\u200d"
        if is_mark and unicodedata.category(text[0]) == "Zs":
            break
        text = text[1:]
    return unicodedata.normalize("NFC", text)


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.pid = cls.server.process.pid
        cls.people = [Person(cls.server, f"person_{number}") for number in range(4)]
        cls.naughty = json.loads((DATA / "naughty_strings/blns.json").read_text("utf-8"))
        cls.texts = {}  # what each post has to say, by its id

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), self.server.log()[-3000:])
        self.assertEqual(self.server.request("GET", "/livez").status, 200)
        errors = [line for line in self.server.log().splitlines() if " error " in line]
        self.assertEqual(errors, [])

    def check(self, answer, allowed=(200, 201, 204, 304)):
        """An answer is a success that is wanted, or a refusal that says why."""
        self.assertIn(answer.status, REFUSALS | set(allowed), answer.body[:300])
        if answer.status >= 400 and answer.body:
            self.assertEqual(answer.headers["content-type"], "application/problem+json")
            self.assertIn(answer.code, ("invalid", "unauthenticated", "denied", "not_found",
                                        "conflict", "exhausted"))
        return answer

    def talk(self, name, data):
        """Sends bytes and no more, and gives all answers until the server closes."""
        connection = self.server.connect(timeout_s=40)
        try:
            try:
                connection.send(data)
                connection.socket.shutdown(1)
            except OSError:
                pass  # it refused before it had read everything
            answers = []
            head_only = data.lstrip(b"\r\n").startswith(b"HEAD ")
            while True:
                answer = connection.read_answer(head_only)
                if answer is None:
                    return name, data, answers
                answers.append(answer)
        except Hang:
            return name, data, None
        finally:
            connection.close()

    def talk_all(self, requests):
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            for future in [pool.submit(self.talk, *one) for one in requests]:
                name, data, answers = future.result()
                with self.subTest(name):
                    self.assertIsNotNone(answers, f"no answer to {data[:200]!r}")
                    for answer in answers:
                        self.check(answer)
                    yield name, answers

    def test_requests_that_broke_other_servers(self):
        requests = list(gunicorn_requests()) + list(llhttp_requests())
        self.assertGreater(len(requests), 300)
        answered = refused = 0
        for name, answers in self.talk_all(requests):
            answered += bool(answers)
            refused += any(answer.status in (400, 405, 501) for answer in answers)
        # Some are cut short on purpose: those get no answer, and their connection ends.
        self.assertGreater(answered, len(requests) * 2 // 3)
        self.assertGreater(refused, 100)

    def test_random_bytes(self):
        seed = int(os.environ.get("MATSURI_SEED", random.SystemRandom().getrandbits(32)))
        print(f"MATSURI_SEED={seed}")
        rng = random.Random(seed)
        good = to_bytes("POST", "/v1/sessions", [
            ("Host", "x"), ("Content-Type", "application/json"), ("Content-Length", "2"),
            ("Accept", "*/*")], b"{}")
        requests = []
        for number in range(400):
            data = bytearray(good)
            for _ in range(rng.randint(1, 4)):
                place = rng.randrange(len(data))
                action = rng.randrange(3)
                if action == 0:
                    data[place] = rng.randrange(256)
                elif action == 1:
                    del data[place:place + rng.randint(1, 6)]
                else:
                    data[place:place] = bytes(rng.choice(b"\r\n:\0 \xff,;0aA") for _ in range(3))
            requests.append((f"seed {seed} number {number}", bytes(data)))
        requests.append(("noise", rng.randbytes(40_000)))
        for _ in self.talk_all(requests):
            pass

    def test_json_that_broke_other_parsers(self):
        person = self.people[0]
        suite = archive("json_testsuite/JSONTestSuite.tar.zst")
        doors = [("POST", "/v1/communities/1/posts"), ("POST", "/v1/accounts"),
                 ("POST", "/v1/sessions"), ("PATCH", "/v1/accounts/me"), ("POST", "/v1/tokens")]
        count = 0
        for name, raw in suite.items():
            with self.subTest(name):
                for method, target in doors:
                    answer = self.check(self.server.request(method, target, raw=raw, who=person),
                                        allowed=())
                    self.assertIn(answer.status, (400, 413))
                # As the value of a field that is known, and as a key.
                for wrapped in (b'{"text":%s}' % raw, b'{%s:"text"}' % raw, b'[%s]' % raw,
                                b'{"text":"a","language":%s}' % raw):
                    answer = self.check(self.server.request(
                        "POST", "/v1/communities/1/posts", raw=wrapped, who=person))
                    if answer.status == 201:
                        self.texts[answer.json["id"]] = answer.json["text"]
                        self.assertEqual(answer.json["text"],
                                         cleaned(json.loads(wrapped)["text"]))
                count += 1
        self.assertGreater(count, 318)

    def post(self, person, text, expected=None):
        """True where the text was taken; then it has to come back."""
        answer = self.check(person.post(self.server, text))
        if answer.status != 201:
            self.assertIn(answer.status, (400, 409), answer.body)
            return False
        expected = cleaned(text) if expected is None else expected
        self.assertEqual(answer.json["text"], expected)
        self.texts[answer.json["id"]] = expected
        return True

    def test_naughty_texts_and_names(self):
        person = self.people[1]
        taken = 0
        for text in self.naughty:
            with self.subTest(text=text):
                taken += self.post(person, text)
                for target, body in (("/v1/accounts/me", {"name": text}),
                                     ("/v1/tokens", {"label": text})):
                    method = "PATCH" if target.endswith("me") else "POST"
                    answer = self.check(self.server.request(method, target, body, who=person))
                    if answer.status == 200:
                        self.assertEqual(answer.json["name"], cleaned(text))
                        again = self.server.request("GET", "/v1/accounts/me", who=person)
                        self.assertEqual(again.json["name"], cleaned(text))
                for field in ("handle", "password", "name", text):
                    body = {"handle": "naughty_one", "name": "N", "password": "p"} | {field: text}
                    answer = self.check(self.server.request("POST", "/v1/accounts", body))
                    # "undefined" is naughty, and a handle like any other.
                    self.assertIn(answer.status, (201, 400, 409))
                answer = self.check(self.server.request(
                    "POST", "/v1/sessions", {"handle": text, "password": text}))
                self.assertIn(answer.status, (400, 401))
        self.assertGreater(taken, 350)
        # A name as naughty as it may be is shown beside posts, too.
        self.assertEqual(person.feed(self.server).status, 200)

    def test_naughty_paths_queries_and_headers(self):
        connection_count = 0
        doors = ["/{}", "/v1/{}", "/v1/accounts/{}", "/v1/posts/{}", "/v1/communities/{}/posts",
                 "/v1/commands/{}", "/v1/communities/1/posts?limit={}", "/assets/{}",
                 "/v1/communities/1/posts?before={}", "/v1/communities/1/posts?{}",
                 "/v1/stream?community={}&x=y"]
        names = ["User-Agent", "Idempotency-Key", "Matsuri-Position", "Cookie", "Authorization",
                 "Origin", "Sec-Fetch-Site", "Accept-Encoding", "If-None-Match", "X-Forwarded-For",
                 "Content-Type", "Expect", "Connection", "Host", "Last-Event-ID"]
        for text in self.naughty:
            with self.subTest(text=text):
                for door in doors:
                    target = door.format(urllib.parse.quote(text, safe=""))
                    if len(target) < 8192 and "stream" not in door:
                        self.check(self.server.request("GET", target, who=self.people[2]))
                line = text.replace("\r", " ").replace("\n", " ")
                for name in names:
                    method = "PUT" if name == "Idempotency-Key" else "GET"
                    headers = [(name, line)]
                    message = to_bytes(method, "/v1/accounts/person_1",
                                       ([] if name == "Host" else [("Host", "x")]) + headers, b"")
                    self.server.kept = self.server.kept or self.server.connect()
                    self.server.kept.send(message)
                    answer = self.server.kept.read_answer()
                    self.assertIsNotNone(answer)
                    if answer.status == 100:
                        answer = self.server.kept.read_answer()
                    self.check(answer)
                    if answer.headers.get("connection") == "close":
                        self.server.kept.close()
                        self.server.kept = None
                        connection_count += 1
                cookie = f"matsuri_session={line}; other={line}"
                self.check(self.server.request("GET", "/v1/accounts/me",
                                               headers=[("Cookie", cookie)]))

    def test_raw_naughty_targets(self):
        """The same without the encoding that a client owes."""
        requests = []
        for index, text in enumerate(self.naughty):
            raw = text.encode("utf-8", "surrogatepass")
            requests.append((f"target {index}",
                             b"GET /v1/accounts/" + raw + b" HTTP/1.1\r\nHost: x\r\n\r\n"))
            requests.append((f"header {index}", b"GET /livez HTTP/1.1\r\nHost: x\r\nX-" + raw
                             + b": y\r\nCookie: " + raw + b"\r\nConnection: close\r\n\r\n"))
        for _ in self.talk_all(requests):
            pass

    def test_unicode_normalisation(self):
        """Column 2 is the NFC of columns 1 to 3; as many cases in one post as fit."""
        person, sources, expected, count = self.people[3], [], [], 0
        def flush():
            if sources:
                self.assertTrue(self.post(person, "a" + "\na".join(sources) + "b",
                                          "a" + "\na".join(expected) + "b"))
                sources.clear()
                expected.clear()
        for line in unicode_lines("NormalizationTest.txt.gz"):
            columns = [letters(column) for column in line.split(";")[:3]]
            if not columns[0].isprintable() and any(
                    unicodedata.category(c) == "Cc" for c in columns[0]):
                continue
            # A letter before each would compose with what follows it; so it stands between two.
            for source in (columns[0], columns[2]):
                whole = ["".join(one) for one in (sources + [source], expected + [columns[1]])]
                ends = 4 * len(sources) + 8
                if max(map(len, whole)) + ends > 280 or len(whole[1].encode()) + ends > 1120:
                    flush()
                sources.append(" " + source)
                expected.append(" " + columns[1])
                count += 1
        flush()
        self.assertGreater(count, 30_000)

    def test_unicode_emoji_and_graphemes(self):
        person, batch, count = self.people[3], [], 0
        for line in unicode_lines("emoji-test.txt.gz"):
            emoji = letters(line.split(";")[0])
            if sum(len(one) + 1 for one in batch) + len(emoji) > 270:
                self.assertTrue(self.post(person, " ".join(batch)))
                batch.clear()
            batch.append(emoji)
            count += 1
        self.assertTrue(self.post(person, " ".join(batch)))
        self.assertGreater(count, 4_000)
        taken = 0
        for line in unicode_lines("GraphemeBreakTest.txt.gz"):
            text = letters(re.sub("[÷×]", " ", line))
            taken += self.post(person, text)
        self.assertGreater(taken, 300)

    def test_bytes_that_are_no_utf8(self):
        person = self.people[0]
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe3\x81",
                    b"\x80", b"\xf8\x88\x80\x80\x80", b"a\x00b"):
            for body in (b'{"text":"%s"}', b'{"%s":"x"}', b'{"text":"x","language":"%s"}'):
                answer = self.check(self.server.request("POST", "/v1/communities/1/posts",
                                                        raw=body % bad, who=person), allowed=())
                self.assertEqual(answer.status, 400)
        for escaped in (r"\ud800", r"\udc00\ud800", r"\ud83c", r"\u0000", r"\uFFFE", r"\u001b[31m",
                        r"\uFDD0"):
            raw = f'{{"text":"a{escaped}b"}}'.encode()
            answer = self.check(self.server.request("POST", "/v1/communities/1/posts", raw=raw,
                                                    who=person), allowed=())
            self.assertEqual(answer.status, 400, escaped)

    def test_z_every_text_that_was_taken_comes_back(self):
        """Last by its name: reads the whole feed, page by page."""
        reader, before, got = self.people[0], "", {}
        reader.post(self.server, "the end of it")
        while before is not None:
            page = reader.feed(self.server, "?limit=100" + (f"&before={before}" if before else ""))
            self.assertEqual(page.status, 200)
            self.assertNotIn("matsuri-stale", page.headers)
            got |= {post["id"]: post["text"] for post in page.json["posts"]}
            before = page.json["next"]
        self.assertGreater(len(self.texts), 700)
        for post_id, text in self.texts.items():
            self.assertEqual(got.get(post_id), text)


if __name__ == "__main__":
    if not (DATA / "http_torture").exists():
        skip_program("the collections of ../shared/data are not there")
    unittest.main()
