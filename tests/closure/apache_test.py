#!/usr/bin/env python3
"""Goal: a closure stands behind the real Apache as docs/operations/closure.md sets it up: Basic
authentication and a limit on the size of requests in front, one process a request behind.
Method: Debian's apache2 with a configuration of its own, started in the foreground by this test.
"""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time
import unittest

import support

APACHE = shutil.which("apache2", path=os.environ.get("PATH", "") + ":/usr/sbin")
CONFIGURATION = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
{modules}
ErrorLog {folder}/error.log
User #65534
Group #65534
SetEnv MATSURI_CHECKIN_KEYS {folder}/keys
SetEnv MATSURI_CHECKIN_INBOX {folder}/inbox/checkin.inbox
SetEnv MATSURI_CHECKIN_START {start}
ScriptAlias /v1/checkin/7 {folder}/show.checkin
<Location /v1/checkin/7>
  AuthType Basic
  AuthName "check-in"
  AuthUserFile {folder}/users
  Require valid-user
  LimitRequestBody 2048
</Location>
"""
MODULES = ("mpm_prefork", "cgi", "alias", "env", "authn_core", "authn_file", "authz_core", "authz_user",
           "auth_basic")


class ApacheTest(support.ClosureTest):
    def setUp(self):
        if not APACHE:
            self.skipTest("apache2 is not installed")
        super().setUp()
        self.folder.chmod(0o755)
        (self.folder / "inbox").mkdir()
        (self.folder / "inbox").chmod(0o777)
        hashed = base64.b64encode(hashlib.sha1(b"lantern").digest()).decode("ascii")
        (self.folder / "users").write_text(f"tv:{{SHA}}{hashed}\n", encoding="ascii")
        self.port = support.free_port()
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                            for name in MODULES)
        configuration = self.folder / "apache.conf"
        configuration.write_text(CONFIGURATION.format(
            folder=self.folder, port=self.port, modules=modules, start=self.start_text()), encoding="ascii")
        with open(self.folder / "apache.log", "wb") as log:
            self.apache = subprocess.Popen([APACHE, "-f", configuration, "-DFOREGROUND"],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True)  # it signals its whole group
        self.addCleanup(self.stop)
        while True:
            try:
                self.request("GET", "/")
                break
            except OSError:
                if self.apache.poll() is not None:
                    logs = ("apache.log", "error.log")
                    raise AssertionError("".join((self.folder / log).read_text() for log in logs
                                                 if (self.folder / log).exists())) from None
                time.sleep(0.02)

    def stop(self):
        self.apache.terminate()
        self.apache.wait(20)

    def request(self, method, path, body=None, headers=None, user="tv:lantern"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        basic = {"Authorization": "Basic " + base64.b64encode(user.encode("ascii")).decode("ascii")}
        try:
            connection.request(method, path, body, {**basic, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ticket(self, account):
        status, body = self.request("GET", f"{support.ROUTE}/ticket?path=terrestrial", None,
                                    {"Matsuri-Pass": support.viewer_pass(account)})
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        return support.Ticket(answer["ticket"], answer["seed"], time.time())

    def post(self, body, **options):
        return self.request("POST", support.ROUTE, body, {"Content-Type": "application/json"}, **options)

    def test_many_check_in_at_once(self):
        tickets = [self.ticket(account) for account in range(1, 17)]
        bodies = [support.body_of(ticket, self.start_ms) for ticket in tickets]
        support.wait_for_burst(*tickets)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(self.post, bodies))
        for status, body in answers:
            self.assertEqual((status, json.loads(body)["answer"]), (200, "ok"), body)
        kept = pathlib.Path(self.folder / "inbox/checkin.inbox").read_bytes()
        self.assertEqual([kept.count(ticket.nonce) for ticket in tickets], [1] * len(tickets))

    def test_strangers_and_large_bodies_stay_in_front(self):
        self.assertEqual(self.post("{}", user="tv:lamp")[0], 401)
        self.assertEqual(self.post("{}")[0], 400)
        self.assertEqual(self.post(" " * 2048)[0], 400)
        self.assertEqual(self.post(" " * 2049)[0], 413)
        self.assertEqual(self.request("GET", f"{support.ROUTE}/ticket")[0], 401)
        self.assertEqual(self.request("PUT", support.ROUTE)[0], 405)
        self.assertFalse((self.folder / "inbox/checkin.inbox").exists())


if __name__ == "__main__":
    unittest.main()
