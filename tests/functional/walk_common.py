"""What many operations have in common, and what none has of its own."""

from support import Person, Server
from walk import CONTRACT, Walk, path_of

# Address buckets of two at once, and a client whose address a trusted proxy names: so that each
# operation can meet its rate without touching another's.
TIGHT_RATES = 'trusted_proxies = ["127.0.0.1"]\n' + "\n".join(
    f"[limits.address_{cost}]\nper_minute = 0.5\nburst = 2\n"
    f"[limits.account_{cost}]\nper_minute = 60000\nburst = 1000"
    for cost in ("read", "write", "sign_in", "picture", "game"))


SIZE_MAX = dict.fromkeys(
    ("createPost", "createComment", "putGameSchema", "runCommands", "runTrade"), 262144) | {"checkIn": 2048}


class CommonWalk(Walk):
    def test_those_that_need_an_account_say_401_without_one(self):
        for name in CONTRACT.operations:
            if CONTRACT.needs_account(name):
                self.call(name, 401)
                self.call(name, 401, headers=[("Cookie", "matsuri_session=AAAA")])
                self.call(name, 401, headers=[("Authorization", "Bearer mt_AAAA")])

    def test_writes_by_cookie_from_another_site_are_403(self):
        for name, operation in CONTRACT.operations.items():
            if operation["method"] == "GET":
                continue
            for header in (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"),
                           ("X-Other", "neither of the two")):
                self.call(name, 403, headers=[("Cookie", self.mio.cookie), header])

    def test_bodies_are_bounded_and_json(self):
        program = self.ken.as_program(self.server)
        for name, operation in CONTRACT.operations.items():
            if "requestBody" not in operation:
                continue
            self.call(name, 413, raw=b" " * (SIZE_MAX.get(name, 16384) + 1), who=program)
            self.call(name, 415, raw=b"{}", headers=[("Content-Type", "text/plain")], who=program)
            if name in ("setRole", "putBoard", "putGameSchema", "runCommands", "runTrade",
                        "setBroadcast", "checkIn"):
                continue  # only the body of who may is looked at, where there is what it is for
            for raw in (b"", b"{", b"[]", b"{}", b'{"text":1}', b"\xff",
                        b'{"unknown":"field"}', b"null"):
                self.call(name, 400, raw=raw, who=program)

    def test_every_operation_of_v1_has_a_rate(self):
        server = Server(TIGHT_RATES)
        try:
            person = Person(server, "mio")
            program = person.as_program(server)
            for index, name in enumerate(CONTRACT.operations):
                if "x-rate-limit" not in CONTRACT.operations[name]:
                    continue
                address = [("X-Forwarded-For", f"10.0.0.{index + 1}")]
                who = program if CONTRACT.needs_account(name) else None
                for count in range(2):
                    # Whatever they answer; but without an account or a body they do no harm.
                    operation = CONTRACT.operations[name]
                    raw = b"{" if "requestBody" in operation else None
                    if name == "openStream":
                        self.call(name, 200, headers=address, server=server)
                        continue
                    answer = server.request(operation["method"], path_of(name), None, address, who,
                                            raw=raw)
                    self.note(name, answer)
                    self.assertNotEqual(answer.status, 429, (name, count))
                refused = self.call(name, 429, headers=address, who=who, server=server)
                self.assertEqual(refused.headers["ratelimit-remaining"], "0")
                self.assertGreaterEqual(int(refused.headers["retry-after"]), 1)
        finally:
            server.remove()

    def test_rates_are_the_documented_ones(self):
        server = Server("")
        try:
            program = Person(server, "mio").as_program(server)
            for name, operation in CONTRACT.operations.items():
                if "x-rate-limit" not in operation or name == "openStream":
                    continue
                rate = CONTRACT.document["x-rate-limits"][operation["x-rate-limit"]]
                raw = b"{" if "requestBody" in operation else None
                for who, per in ((None, "address"), (program, "account")):
                    answer = server.request(operation["method"], path_of(name), who=who, raw=raw)
                    self.note(name, answer)
                    self.assertEqual(int(answer.headers["ratelimit-limit"]), rate[per]["at_once"],
                                     (name, per))
                # How long one token takes to come back: the bucket lacks at least the one just taken.
                self.assertGreaterEqual(int(answer.headers["ratelimit-reset"]), 1)
        finally:
            server.remove()

    def test_operation(self):
        for name in ("getLivez", "getReadyz", "getMetrics", "getDocs", "getOpenapi"):
            self.call(name, 200)

    def test_a_broken_disk_is_503_and_stays_it(self):
        server = Server()
        try:
            person = Person(server, "mio")
            server.limit_file_size(4096)
            answers = [server.request("POST", "/v1/communities/1/posts", {"text": f"text {number}"},
                                      who=person) for number in range(40)]
            for answer in answers:
                self.note("createPost", answer)
            self.assertEqual(answers[-1].status, 503)
            self.assertGreaterEqual(int(answers[-1].headers["retry-after"]), 1)
            self.call("getReadyz", 503, server=server)
            self.call("getLivez", 200, server=server)
            self.anywhere.add(503)
        finally:
            server.limit_file_size(1 << 40)  # so that it can end as it should
            server.remove()

    def test_what_any_operation_may_answer(self):
        def expect(status, method, target, headers=(), raw=None):
            connection = self.server.connect()
            answer = self.server.request(method, target, headers=headers, raw=raw,
                                         connection=connection)
            connection.close()
            self.assertEqual(answer.status, status, (method, target[:80]))
            self.assertEqual(CONTRACT.check_problem(answer), [])
            self.assertEqual(answer.code, CONTRACT.anywhere[status]["code"])
            self.anywhere.add(status)
            return answer

        expect(400, "GET", "/v1/accounts/ken", [("Matsuri-Position", "AAAA")])
        refused = expect(400, "POST", "/v1/sessions", [("Idempotency-Key", "a b")], raw=b"{}")
        self.assertIn("Idempotency-Key", refused.json["detail"])
        expect(400, "GET", "/v1/%zz")
        for method, target in (("DELETE", "/livez"), ("POST", "/docs"), ("HEAD", "/v1/stream"),
                               ("PUT", "/v1/posts/1"), ("PATCH", "/")):
            if method == "HEAD":
                answer = self.server.request(method, target)
                self.assertEqual(answer.status, 405)
            else:
                answer = expect(405, method, target)
            self.assertIn("GET", answer.headers["allow"])
            self.assertNotIn(method, answer.headers["allow"].split(", "))
        expect(413, "GET", "/v1/accounts/ken", raw=b" " * 16385)
        expect(414, "GET", "/" + "x" * 8192)
        expect(417, "GET", "/livez", [("Expect", "the unexpected")])
        expect(431, "GET", "/livez", [("X-Long", "x" * 16384)])
        expect(431, "GET", "/livez", [(f"X-{number}", "x") for number in range(200)])
        expect(501, "BREW", "/livez")

    def test_a_request_that_does_not_end_is_408(self):
        connection = self.server.connect(timeout_s=40)
        connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        late = connection.read_answer()
        connection.close()
        self.assertEqual(late.status, 408)
        self.assertEqual(CONTRACT.check_problem(late), [])
        self.anywhere.add(408)
