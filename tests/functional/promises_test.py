"""Goal: what the API promises beyond single answers holds on a running server: nothing happens twice,
one reads what one wrote, streams go on after a lost connection or server, and other sites get nothing.
"""

import base64
import concurrent.futures
import json
import re
import shutil
import signal
import threading
import unittest

from support import FREE_RATES, Connection, Person, Server, to_bytes, until_fresh


class PromisesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def feed_texts(self, person):
        answer = person.feed(self.server, "?limit=100")
        self.assertEqual(answer.status, 200)
        return [post["text"] for post in answer.json["posts"]]


class IdempotencyTest(PromisesTest):
    def test_one_key_at_once_from_many_connections_is_one_post(self):
        person = Person(self.server, "racer")
        for round_number in range(12):
            start = threading.Barrier(16)
            message = to_bytes(
                "POST", "/v1/communities/1/posts",
                [("Host", f"127.0.0.1:{self.server.port}"), ("Content-Type", "application/json"),
                 ("Idempotency-Key", f"race-{round_number}")] + person.headers(self.server)
                + [("Content-Length", len(f'{{"text":"race {round_number}"}}'))],
                f'{{"text":"race {round_number}"}}'.encode())

            def race():
                connection = self.server.connect()
                start.wait()  # pylint: disable=cell-var-from-loop
                connection.send(message)  # pylint: disable=cell-var-from-loop
                answer = connection.read_answer()
                connection.close()
                return answer

            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                answers = [one.result() for one in [pool.submit(race) for _ in range(16)]]
            made = [answer for answer in answers if answer.status == 201]
            self.assertGreaterEqual(len(made), 1)
            self.assertEqual(len({answer.json["id"] for answer in made}), 1)
            for answer in answers:
                if answer.status != 201:
                    self.assertEqual((answer.status, answer.code), (409, "conflict"))
                person.position = answer.headers.get("matsuri-position", person.position)
        texts = self.feed_texts(person)
        for round_number in range(12):
            self.assertEqual(texts.count(f"race {round_number}"), 1)

    def test_a_retry_gets_the_first_answer_over_kills_and_restarts(self):
        person = Person(self.server, "retrier")
        first = person.post(self.server, "only once", key="retry-1")
        self.assertEqual(first.status, 201)
        for number in (None, signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
            if number is not None:
                self.server.restart(number)
            again = person.post(self.server, "only once", key="retry-1")
            self.assertEqual(again.status, 201, again.body)
            self.assertEqual(again.json["id"], first.json["id"])
            self.assertEqual(again.headers["location"], first.headers["location"])
            other = person.post(self.server, "something else", key="retry-1")
            self.assertEqual(other.status, 422)
        self.assertEqual(self.feed_texts(person).count("only once"), 1)

    def test_keys_are_each_accounts_own_and_free_after_a_refusal(self):
        one, two = Person(self.server, "key_one"), Person(self.server, "key_two")
        self.assertEqual(one.post(self.server, "", key="same").status, 400)
        answers = [who.post(self.server, "same text", key="same") for who in (one, two)]
        self.assertEqual([answer.status for answer in answers], [201, 201])
        self.assertNotEqual(answers[0].json["id"], answers[1].json["id"])

    def test_ends_by_signal_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(self.server.stop(number), 0)
            self.server.start()


class ReadYourWritesTest(PromisesTest):
    def test_a_reader_with_a_position_sees_what_it_wrote(self):
        person = Person(self.server, "writer")
        for number in range(60):
            answer = person.post(self.server, f"mine {number}")
            self.assertEqual(answer.status, 201)
            page = person.feed(self.server, "?limit=1")
            self.assertEqual(page.json["posts"][0]["id"], answer.json["id"])
            post = until_fresh(
                lambda: self.server.request(
                    "GET", answer.headers["location"],  # pylint: disable=cell-var-from-loop
                    headers=[("Matsuri-Position", person.position)]))
            self.assertEqual(post.json["text"], f"mine {number}")

    def test_a_new_name_and_a_block_hold_at_the_next_read(self):
        mio, ken = Person(self.server, "ryw_mio"), Person(self.server, "ryw_ken")
        self.assertEqual(ken.post(self.server, "of ken").status, 201)
        renamed = self.server.request("PATCH", "/v1/accounts/me", {"name": "Kenta"}, who=ken)
        ken.take(renamed)
        page = ken.feed(self.server, "?limit=100")
        names = {post["author"]["name"] for post in page.json["posts"]
                 if post["author"]["handle"] == "ryw_ken"}
        self.assertEqual(names, {"Kenta"})
        for method, seen in (("PUT", 0), ("DELETE", 1)):
            blocked = self.server.request(method, "/v1/accounts/me/blocks/ryw_ken", who=mio)
            self.assertEqual(blocked.status, 204)
            mio.take(blocked)
            self.assertEqual(self.feed_texts(mio).count("of ken"), seen)
            ken.position = mio.position
            self.assertEqual(self.feed_texts(ken).count("of ken"), 1)

    def test_what_is_not_there_in_time_is_told_to_be_stale(self):
        person = Person(self.server, "hasty")
        person.post(self.server, "now")
        token = person.position + "=" * (-len(person.position) % 4)
        parts = bytearray(base64.urlsafe_b64decode(token))
        parts[-8:] = (int.from_bytes(parts[-8:], "little") + 1000).to_bytes(8, "little")
        ahead = base64.urlsafe_b64encode(bytes(parts)).decode().rstrip("=")
        answer = self.server.request("GET", "/v1/communities/1/posts",
                                     headers=[("Matsuri-Position", ahead)])
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers.get("matsuri-stale"), "1")

    def test_pages_have_everything_once_while_others_post(self):
        person = Person(self.server, "pager")
        wanted = []
        for number in range(45):
            answer = person.post(self.server, f"page {number}")
            wanted.insert(0, answer.json["id"])
        person.feed(self.server)
        other = Person(self.server, "busy_one")
        got, before, count = [], "", 0
        while before is not None:
            page = person.feed(self.server, "?limit=7" + (f"&before={before}" if before else ""))
            got += [post["id"] for post in page.json["posts"]
                    if post["author"]["handle"] == "pager"]
            before = page.json["next"]
            count += 1
            self.assertEqual(other.post(self.server, f"between {count}").status, 201)
        self.assertEqual(got, wanted)


class StreamTest(PromisesTest):
    def test_goes_on_where_it_was_over_restarts_and_kills(self):
        writer, reader = Person(self.server, "sse_writer"), Person(self.server, "sse_reader")
        head, connection = self.server.stream(reader)
        self.assertEqual(head.status, 200)
        self.assertEqual(head.headers["content-type"], "text/event-stream")
        self.assertEqual(head.headers["cache-control"], "no-store")
        ready = connection.read_event()
        self.assertEqual(ready["event"], "ready")
        last_id, number, seen = ready["id"], 0, []
        for ending in (None, signal.SIGTERM, None, signal.SIGKILL, signal.SIGINT):
            for _ in range(3):
                answer = writer.post(self.server, f"live {number}")
                self.assertEqual(answer.status, 201)
                number += 1
            event = connection.read_event()  # one is seen, two are missed
            seen.append(json.loads(event["data"])["text"])
            last_id = event["id"]
            connection.close()
            if ending is not None:
                self.server.restart(ending)
            # The post is applied before the read is answered: then its event is on its way.
            writer.feed(self.server)
            _, connection = self.server.stream(reader, last_event_id=last_id)
            self.assertEqual(connection.read_event()["event"], "ready")
            for _ in range(2):
                event = connection.read_event()
                self.assertEqual(event["event"], "post")
                seen.append(json.loads(event["data"])["text"])
                last_id = event["id"]
        connection.close()
        self.assertEqual(seen, [f"live {count}" for count in range(number)])

    def test_a_refusal_reaches_its_author_alone(self):
        author, other = Person(self.server, "sse_author"), Person(self.server, "sse_other")
        self.assertEqual(author.post(self.server, "double").status, 201)
        self.server.restart()
        streams = [self.server.stream(who)[1] for who in (author, other)]
        for connection in streams:
            self.assertEqual(connection.read_event()["event"], "ready")
        second = author.post(self.server, "double")
        self.assertEqual(second.status, 201)
        self.assertEqual(author.post(self.server, "after it").status, 201)
        # Two records of one batch: the refusal may be told before the post or after it.
        told = {event["event"]: event for event in (streams[0].read_event() for _ in range(2))}
        self.assertEqual(set(told), {"refused", "post"})
        self.assertEqual(streams[1].read_event()["event"], "post")
        refusal = json.loads(told["refused"]["data"])
        self.assertEqual(refusal["post"], second.json["id"])
        self.assertEqual(refusal["position"], second.json["position"])
        self.assertEqual(refusal["code"], "conflict")
        for connection in streams:
            connection.close()

    def test_blocks_hold_on_an_open_stream(self):
        mio, ken = Person(self.server, "live_mio"), Person(self.server, "live_ken")
        _, connection = self.server.stream(mio)
        connection.read_event()
        blocked = self.server.request("PUT", "/v1/accounts/me/blocks/live_ken", who=mio)
        ken.position = blocked.headers["matsuri-position"]
        # Posting waits for the position too, and the stream's view follows within the same moment.
        self.assertEqual(ken.feed(self.server).status, 200)
        self.assertEqual(ken.post(self.server, "hidden").status, 201)
        self.assertEqual(mio.post(self.server, "shown").status, 201)
        self.assertEqual(json.loads(connection.read_event()["data"])["text"], "shown")
        connection.close()


class BrowserTest(PromisesTest):
    def test_cookies_are_for_the_server_alone(self):
        plain = self.server.request("POST", "/v1/accounts", {
            "handle": "cookie", "name": "C", "password": "correct horse"})
        self.assertEqual(len(plain.cookies), 1)
        self.assertRegex(plain.cookies[0], r"^matsuri_session=[\w-]{74}; Path=/; HttpOnly; "
                                           r"SameSite=Lax; Max-Age=2592000$")
        server = Server("behind_tls = true\n" + FREE_RATES)
        try:
            secure = server.request("POST", "/v1/accounts", {
                "handle": "cookie", "name": "C", "password": "correct horse"})
            self.assertRegex(secure.cookies[0], r"^__Host-matsuri=[\w-]{74}; Path=/; HttpOnly; "
                                                r"SameSite=Lax; Max-Age=2592000; Secure$")
            self.assertNotIn("Domain", secure.cookies[0])
            self.assertIn("max-age=31536000", secure.headers["strict-transport-security"])
            cookie = secure.cookies[0].split(";")[0]
            for origin, status in ((f"https://127.0.0.1:{server.port}", 200),
                                   (f"http://127.0.0.1:{server.port}", 403)):
                answer = server.request("PATCH", "/v1/accounts/me", {"name": "C2"},
                                        [("Cookie", cookie), ("Origin", origin)])
                self.assertEqual(answer.status, status)
            # The name without TLS counts for nothing here, nor the other way round.
            value = cookie.split("=")[1]
            answer = server.request("GET", "/v1/accounts/me",
                                    headers=[("Cookie", f"matsuri_session={value}")])
            self.assertEqual(answer.status, 401)
        finally:
            server.remove()

    def test_credentials_are_of_one_node_and_its_accounts(self):
        person = Person(self.server, "elsewhere")
        program = person.as_program(self.server)
        stranger, heir = Server(), None
        try:
            for who in (person, program):
                self.assertEqual(stranger.request("GET", "/v1/accounts/me", who=who).status, 401)
            # A folder with the same keys but without the accounts, as after an old backup: the
            # signature holds, and nobody is there.
            shutil.copytree(f"{self.server.data}/keys", f"{stranger.folder}/heir/keys")
            heir = Server(data=f"{stranger.folder}/heir")
            for who in (person, program):
                self.assertEqual(heir.request("GET", "/v1/accounts/me", who=who).status, 401)
                self.assertEqual(who.post(heir, "from nowhere").status, 401)
                renamed = heir.request("PATCH", "/v1/accounts/me", {"name": "N"}, who=who)
                self.assertEqual(renamed.status, 401)
        finally:
            stranger.remove()
            if heir:
                heir.remove()

    def test_writes_need_to_come_from_our_own_pages(self):
        person = Person(self.server, "csrf")
        cookie = ("Cookie", person.cookie)
        host = f"127.0.0.1:{self.server.port}"
        cases = [
            ([("Origin", f"http://{host}")], 200),
            ([("Sec-Fetch-Site", "same-origin")], 200),
            ([("Sec-Fetch-Site", "none")], 200),
            ([("Origin", f"http://{host}"), ("Sec-Fetch-Site", "cross-site")], 200),
            ([], 403),
            ([("Origin", "null")], 403),
            ([("Origin", f"https://{host}")], 403),
            ([("Origin", f"http://{host}.evil.example")], 403),
            ([("Origin", f"http://{host}"[:-1])], 403),
            ([("Origin", "http://127.0.0.1")], 403),
            ([("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")], 403),
            ([("Sec-Fetch-Site", "same-site")], 403),
            ([("Sec-Fetch-Site", "cross-site")], 403),
        ]
        for headers, status in cases:
            answer = self.server.request("PATCH", "/v1/accounts/me", {"name": "N"},
                                         [cookie] + headers)
            self.assertEqual(answer.status, status, headers)
        # Reads need nothing, and programs are not browsers.
        self.assertEqual(self.server.request("GET", "/v1/accounts/me", headers=[cookie]).status, 200)
        program = person.as_program(self.server)
        answer = self.server.request("PATCH", "/v1/accounts/me", {"name": "N"},
                                     [("Origin", "https://evil.example")], program)
        self.assertEqual(answer.status, 200)
        # No answer invites other sites.
        for method in ("GET", "OPTIONS"):
            answer = self.server.request(method, "/v1/accounts/csrf", headers=[
                ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "PATCH")])
            self.assertFalse([name for name in answer.headers if name.startswith("access-control")])

    def test_every_answer_says_what_pages_may_do(self):
        for target in ("/", "/docs", "/openapi.yaml", "/v1/accounts/nobody", "/livez", "/nothing",
                       "/posts/5", "/v1/communities/1/posts"):
            headers = self.server.request("GET", target).headers
            policy = headers["content-security-policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("*", policy)
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["cross-origin-resource-policy"], "same-origin")
            if target in ("/", "/docs", "/posts/5"):
                self.assertEqual(headers["referrer-policy"], "same-origin")
                self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
            else:
                self.assertNotIn("script-src", policy)
            if target.startswith("/v1"):
                self.assertEqual(headers["cache-control"], "no-store")

    def test_head_is_get_without_its_body(self):
        for target in ("/", "/docs", "/livez", "/v1/communities/1/posts", "/v1/accounts/nobody"):
            get, head = (self.server.request(method, target) for method in ("GET", "HEAD"))
            self.assertEqual(head.body, b"")
            varying = {"date", "ratelimit-remaining", "ratelimit-reset"}
            same = [{name: value for name, value in answer.headers.items() if name not in varying}
                    for answer in (get, head)]
            self.assertEqual((head.status, same[1]), (get.status, same[0]), target)

    def test_static_files_are_not_sent_twice(self):
        page = self.server.request("GET", "/")
        self.assertEqual(page.headers["cache-control"], "no-cache")
        assets = re.findall(r'"(/assets/[^"]+)"', page.body.decode())
        self.assertGreaterEqual(len(assets), 2)
        for target in ["/", "/docs"] + assets:
            for encoding in ("identity", "gzip", "br"):
                first = self.server.request("GET", target,
                                            headers=[("Accept-Encoding", encoding)])
                self.assertEqual(first.status, 200)
                again = self.server.request("GET", target, headers=[
                    ("Accept-Encoding", encoding), ("If-None-Match", first.headers["etag"])])
                self.assertEqual((again.status, again.body), (304, b""))
                self.assertEqual(again.headers["etag"], first.headers["etag"])
                other = self.server.request("GET", target, headers=[
                    ("Accept-Encoding", encoding), ("If-None-Match", '"another"')])
                self.assertEqual(other.body, first.body)
            if target in assets:
                self.assertIn("immutable", first.headers["cache-control"])


class LimitsTest(PromisesTest):
    """Each limit at it and one past, over the wire."""

    def test_texts(self):
        person = Person(self.server, "texts")
        lantern = "\U0001F3EE"
        for text, status in (("x" * 280, 201), ("x" * 281, 400), (lantern * 280, 201),
                             (lantern * 281, 400), ("e\u0301" * 280, 201), ("e\u0301" * 281, 400),
                             ("  padded  ", 201), ("", 400), (" \n\t ", 400), ("a\u0007", 400),
                             ("a\tb", None), ("line\nline", 201), ("\u200b", 400)):
            answer = person.post(self.server, text)
            if status is not None:
                self.assertEqual(answer.status, status, repr(text[:20]))
            self.assertIn(answer.status, (201, 400))

    def test_people(self):
        for count, status in ((2, 400), (3, 201), (20, 201), (21, 400)):
            answer = self.server.request("POST", "/v1/accounts", {
                "handle": "h" * count, "name": "N", "password": "correct horse"})
            self.assertEqual(answer.status, status, count)
        person = Person(self.server, "limits")
        for name, status in (("n" * 40, 200), ("n" * 41, 400), ("", 400)):
            answer = self.server.request("PATCH", "/v1/accounts/me", {"name": name}, who=person)
            self.assertEqual(answer.status, status, name)
        for bio, status in (("", 200), ("b" * 160, 200), ("b" * 161, 400), ("a\u0007", 400),
                            ("\U0001F3EE" * 160, 200), ("line\n" * 31, 200)):
            answer = self.server.request("PATCH", "/v1/accounts/me", {"bio": bio}, who=person)
            self.assertEqual(answer.status, status, bio)
        for count, status in ((7, 400), (8, 201), (128, 201), (129, 400)):
            answer = self.server.request("POST", "/v1/accounts", {
                "handle": f"word{count}", "name": "N", "password": "p" * count})
            self.assertEqual(answer.status, status, count)
        for label, status in (("l" * 40, 201), ("l" * 41, 400), ("", 400)):
            answer = self.server.request("POST", "/v1/tokens", {"label": label}, who=person)
            self.assertEqual(answer.status, status, label)

    def test_tokens_and_sessions(self):
        person = Person(self.server, "collector")
        answers = [self.server.request("POST", "/v1/tokens", {"label": "t"}, who=person)
                   for _ in range(51)]
        self.assertEqual([answer.status for answer in answers], [201] * 50 + [429])
        login = {"handle": "collector", "password": person.password}
        for _ in range(50):
            self.assertEqual(self.server.request("POST", "/v1/sessions", login).status, 201)
        # The first one is the fifty-first from the end: closed.
        self.assertEqual(self.server.request("GET", "/v1/accounts/me", who=person).status, 401)

    def test_bodies_and_heads(self):
        program = Person(self.server, "heads").as_program(self.server)
        text = b'{"text":"at the limit"'
        for size, status in ((262144, 201), (262145, 413)):
            raw = text + b" " * (size - len(text) - 1) + b"}"
            for chunked in (False, True):
                connection = self.server.connect()
                lines = [("Host", "x"), ("Content-Type", "application/json"),
                         ("Idempotency-Key", f"size-{size}")] + program.headers(self.server)
                if chunked:
                    lines.append(("Transfer-Encoding", "chunked"))
                    raw_chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw), raw)
                    message = to_bytes("POST", "/v1/communities/1/posts", lines, raw_chunks)
                else:
                    lines.append(("Content-Length", len(raw)))
                    message = to_bytes("POST", "/v1/communities/1/posts", lines, raw)
                connection.send(message)
                self.assertEqual(connection.read_answer().status, status, (size, chunked))
                connection.close()
        for size, status in ((8192, 404), (8193, 414)):
            connection = self.server.connect()
            answer = self.server.request("GET", "/" + "x" * (size - 1), connection=connection)
            self.assertEqual(answer.status, status)
            connection.close()
        key = "k" * 64
        for value, status in ((key, 201), (key + "k", 400), ("", 400), ("a b", 400), ("é", 400)):
            answer = self.server.request("POST", "/v1/communities/1/posts", {"text": "keyed"},
                                         [("Idempotency-Key", value)], program)
            self.assertEqual(answer.status, status, value)

    def test_rates_are_met_and_come_back(self):
        server = Server("[limits.account_write]\nper_minute = 60\nburst = 3")
        try:
            person = Person(server, "quick")
            statuses, remaining = [], []
            for number in range(4):
                answer = person.post(server, f"quick {number}")
                statuses.append(answer.status)
                remaining.append(answer.headers["ratelimit-remaining"])
            self.assertEqual(statuses[:3], [201] * 3)
            self.assertEqual(remaining[0], "2")
            if statuses[3] == 429:  # else a second went by meanwhile
                self.assertEqual(remaining[3], "0")
            refused = next(answer for answer in (person.post(server, f"more {number}")
                                                 for number in range(50)) if answer.status == 429)
            self.assertEqual(refused.code, "exhausted")
            self.assertEqual(refused.headers["retry-after"], "1")
            threading.Event().wait(1.1)
            self.assertEqual(person.post(server, "again").status, 201)
            # Reads have a bucket of their own.
            self.assertEqual(person.feed(server).status, 200)
        finally:
            server.remove()

    def test_pipelined_requests_are_answered_in_order(self):
        connection = Connection(self.server.port)
        targets = ["/livez", "/nothing", "/v1/accounts/limits_none", "/readyz"] * 10
        connection.send(b"".join(to_bytes("GET", target, [("Host", "x")], b"")
                                 for target in targets))
        statuses = [connection.read_answer().status for _ in targets]
        self.assertEqual(statuses, [200, 404, 404, 200] * 10)
        connection.close()


del PromisesTest  # only what is made from it has tests

if __name__ == "__main__":
    unittest.main()
