"""A closure of one's own, put together of closure.o and a drawn film, and viewers in front of it.

The object comes from MATSURI_CLOSURE, the film and its viewer from MATSURI_VIEWER (viewer.cc), else both
from build/dev. Everything is private: a folder for each test, and processes that are stopped by their ids.
"""

import base64
import dataclasses
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OBJECT = pathlib.Path(os.environ.get("MATSURI_CLOSURE", ROOT / "build/dev/closure.o"))
VIEWER = os.environ.get("MATSURI_VIEWER", str(ROOT / "build/dev/tests/closure/closure_viewer"))
sys.path.append(str(ROOT / "tests"))  # what other folders use too
from ports import free_port  # noqa: E402

PROGRAMME = 7  # viewer.cc
ROUTE = f"/v1/checkin/{PROGRAMME}"
SECRET = bytes(range(32))
BURST_MS = 23 * 125


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def viewer_pass(account=42, programme=PROGRAMME, expires_ms=None):
    """As the web role signs it; written from the text of src/ticket/pass.h alone."""
    expires_ms = expires_ms or int(time.time() * 1000) + 3_600_000
    body = struct.pack("<BBQQq", 1, 1, account, programme, expires_ms)
    key = hmac.digest(SECRET, b"matsuri.checkin.pass", "sha256")
    return base64url(body + hmac.digest(key, body, "sha256")[:16])


@dataclasses.dataclass
class Ticket:
    """What GET …/ticket answered."""
    text: str
    seed: str
    asked: float  # Unix time

    @property
    def issued_ms(self):
        return struct.unpack_from("<q", from_base64url(self.text), 18)[0]

    @property
    def nonce(self):
        return from_base64url(self.text)[26:42]


def own_ticket(account=42, age_ms=BURST_MS + 100):
    """One that was given that long ago, as far as anybody can tell: with its age, no test has to wait. Written
    from the text of src/ticket/ticket.h alone."""
    issued_ms = int(time.time() * 1000) - age_ms
    body = struct.pack("<BBQQq", 1, 1, account, PROGRAMME, issued_ms) + os.urandom(16)
    mac, seed = (hmac.digest(hmac.digest(SECRET, b"matsuri.checkin." + name, "sha256"), body, "sha256")
                 for name in (b"mac", b"seed"))
    return Ticket(base64url(body + mac[:16]), base64url(seed), issued_ms / 1000)


def body_of(ticket, start_ms, film=1, path="terrestrial"):
    """What a viewer posts whose camera began when the ticket was given, in a broadcast that began at
    `start_ms`."""
    burst = subprocess.run(
        [VIEWER, "burst", ticket.seed, str(film), str(ticket.issued_ms - start_ms)],
        check=True, capture_output=True, text=True).stdout.strip()
    return json.dumps({"ticket": ticket.text, "path": path, "dt_ms": 0, "rtt_ms": 0, "descriptor": burst})


def wait_for_burst(*tickets):
    """Until the last frame of a burst that began with the ticket was filmed."""
    end = max(ticket.issued_ms for ticket in tickets) + BURST_MS + 50
    while (left := end / 1000 - time.time()) > 0:
        time.sleep(left)


class ClosureTest(unittest.TestCase):
    film_ms = 120_000
    linker = ("ld",)
    parent = None  # of the test's folder; None: where temporary ones are

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="matsuri-closure-", dir=self.parent))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.keys = self.folder / "keys"
        self.keys.write_text(f"# of this test\n1 {SECRET.hex()}\n", encoding="ascii")
        self.binary = self.link()
        self.start_ms = int(time.time() * 1000) - 20_000  # the programme is on since 20 s

    def link(self):
        """As a broadcaster does, without any compiler."""
        subprocess.run([VIEWER, "show", self.folder / "show.bin", str(self.film_ms)], check=True)
        (self.folder / "data.s").write_text(
            '.section .rodata\n.balign 64\n.global matsuri_show_begin\nmatsuri_show_begin:\n'
            '.incbin "show.bin"\n.global matsuri_show_end\nmatsuri_show_end:\n'
            '.section .note.GNU-stack,"",@progbits\n', encoding="ascii")
        subprocess.run(["as", "-o", "data.o", "data.s"], cwd=self.folder, check=True)
        subprocess.run([*self.linker, "-static", "--eh-frame-hdr", "--gc-sections", "-o", "show.checkin",
                        OBJECT, "data.o"], cwd=self.folder, check=True)
        return self.folder / "show.checkin"

    def start_text(self):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.start_ms // 1000)) + \
            f".{self.start_ms % 1000:03}Z"


class CgiTest(ClosureTest):
    """`show.checkin` as a process for each request, in the environment that a server makes."""

    def setUp(self):
        super().setUp()
        self.inbox = self.folder / "checkin.inbox"

    def run_cgi(self, variables, body=b"", arguments=()):
        environment = {"GATEWAY_INTERFACE": "CGI/1.1", "SCRIPT_NAME": ROUTE,
                       "MATSURI_CHECKIN_KEYS": str(self.keys), "MATSURI_CHECKIN_INBOX": str(self.inbox),
                       "MATSURI_CHECKIN_START": self.start_text(), **variables}
        run = subprocess.run([self.binary, *arguments], env=environment, input=body, capture_output=True,
                             check=False)
        head, _, content = run.stdout.partition(b"\r\n\r\n")
        return int(re.match(rb"Status: (\d+)", head)[1]), content, run

    def ticket(self):
        status, body, _ = self.run_cgi({"REQUEST_METHOD": "GET", "PATH_INFO": "/ticket",
                                        "QUERY_STRING": "path=terrestrial",
                                        "HTTP_MATSURI_PASS": viewer_pass()})
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        return Ticket(answer["ticket"], answer["seed"], time.time())

    def post(self, body, **others):
        body = body.encode("ascii")
        return self.run_cgi({"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json",
                             "CONTENT_LENGTH": str(len(body)), **others}, body)

    def kept(self):
        """All bytes of the inbox."""
        return self.inbox.read_bytes() if self.inbox.exists() else b""


class Server:
    """`show.checkin serve`."""

    def __init__(self, test, name="data", *options):
        self.test = test
        self.data = test.folder / name
        self.port = free_port()
        self.log = test.folder / f"{name}.log"
        self.options = options or ("--start", test.start_text())
        self.process = None
        test.addCleanup(self.kill)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.test.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
                 "--keys", self.test.keys, *self.options], stdin=subprocess.DEVNULL, stderr=log)
        while True:
            if self.process.poll() is not None:
                raise AssertionError(self.log.read_text(encoding="utf-8"))
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ticket(self, account=42, path="terrestrial"):
        asked = time.time()
        status, body = self.request("GET", f"{ROUTE}/ticket?path={path}", None,
                                    {"Matsuri-Pass": viewer_pass(account)})
        self.test.assertEqual(status, 200, body)
        answer = json.loads(body)
        self.test.assertEqual(answer["answer"], "ticket", body)
        self.test.assertEqual(answer["start_delay_ms"], 0, body)
        return Ticket(answer["ticket"], answer["seed"], asked)

    def post(self, body):
        return self.request("POST", ROUTE, body, {"Content-Type": "application/json"})

    def kept(self):
        """All bytes of the journal."""
        return b"".join(path.read_bytes() for path in sorted((self.data / "journal").iterdir())
                        if path.is_file())
