"""A server that may be killed, and people who post to it and remember what they were answered.

The binary comes from MATSURI_BINARY, else build/dev/matsuri of this repository. Every server has a data
folder and a port of its own, and is stopped by its process id. Random choices come from MATSURI_SEED.
"""

import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))  # what other folders use too
from mariadb_server import Mariadb
from ports import free_port
from waiting import wait_until

BINARY = os.environ.get("MATSURI_BINARY", str(ROOT / "build/dev/matsuri"))
SEED = int(os.environ.get("MATSURI_SEED", random.randrange(1 << 32)))
PASSWORD = "lantern light 9"

# None of these tests is about rates.
FREE_RATES = "".join(
    f"[limits.{who}_{cost}]\nper_minute = 6000000\nburst = 1000000\n"
    for who in ("account", "address") for cost in ("read", "write", "sign_in", "picture", "game"))


def run_command(*words, config=None, timeout_s=60):
    """Runs an operator's command to its end."""
    words = [BINARY, *map(str, words)] + (["--config", str(config)] if config else [])
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)


def started(*words):
    """The same without waiting: a process for `with`."""
    return subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def ignore_end_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class Server:
    """`matsuri serve` on a folder; it may be killed and started again."""

    def __init__(self, folder, config="", data=None):
        self.folder = pathlib.Path(folder)
        self.data = pathlib.Path(data or self.folder / "data")
        self.config = self.folder / f"{self.data.name}.toml"
        self.config.write_text(config + FREE_RATES, encoding="utf-8")
        self.log = self.folder / f"{self.data.name}.log"
        self.process = None
        self.port = free_port()

    def start(self, with_ignored_signals=False, timeout_s=60):
        begin = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data", str(self.data), "--config", str(self.config),
                 "--listen", f"127.0.0.1:{self.port}"],
                stdout=log, stderr=log,
                preexec_fn=ignore_end_signals if with_ignored_signals else None)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            text = self.log.read_bytes()[begin:].decode()
            for line in text.splitlines():
                if "serving url=" in line:
                    self.port = int(line.split("url=http://127.0.0.1:")[1].split()[0])
                    return self
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{text}")
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"the server did not start:\n{text}")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        self.wait()

    def stop(self, number=signal.SIGTERM, timeout_s=10):
        """The exit status, and the seconds that it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        try:
            status = self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {timeout_s} s after {number}:\n{self.tail()}")
        return status, time.monotonic() - begin

    def wait(self):
        if self.process is not None:
            self.process.wait(timeout=30)

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def command(self, *words, timeout_s=60):
        return run_command(*words, "--data", self.data, config=self.config, timeout_s=timeout_s)

    def get(self, path, **options):
        return request(self.port, "GET", path, **options)

    def get_fresh(self, path, **options):
        """Once the answer is not behind what was written: the server waits for that for 300 ms alone."""
        got = []

        def is_fresh():
            got[:] = self.get(path, **options)
            return "matsuri-stale" not in got[2]

        wait_until(is_fresh)
        return tuple(got)

    def metric(self, name):
        """The sum of a metric's series."""
        total = 0
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name) and line[len(name)] in " {":
                total += float(line.rsplit(" ", 1)[1])
        return total

    def feed(self):
        """All posts of the plaza as (id, text), the newest first."""
        posts, before = [], ""
        while True:
            page = json.loads(self.get(f"/v1/communities/1/posts?limit=100{before}")[1])
            posts += [(post["id"], post["text"]) for post in page["posts"]]
            if not page.get("next"):
                return posts
            before = f"&before={page['next']}"

    def wait_applied(self, timeout_s=60):
        """Until what was answered is in the feed."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.metric("matsuri_applier_lag") == 0 and \
                    self.metric("matsuri_applier_in_flight") == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"not applied within {timeout_s} s:\n{self.tail()}")


class NoAnswer(Exception):
    """The connection ended before an answer came: nobody knows what happened."""


def request(port, method, path, body=None, token=None, key=None, cookie=None, position=None,
            timeout_s=20):
    """(status, body, headers). NoAnswer where the connection breaks."""
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"} if cookie else {}
    if position:
        headers["Matsuri-Position"] = position
    if body is not None:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(
            (name.lower(), value) for name, value in answer.getheaders())
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error)) from error
    finally:
        connection.close()


def sign_up(port, handle):
    """The account, and a bearer token for it."""
    status, body, headers = request(
        port, "POST", "/v1/accounts",
        {"handle": handle, "name": handle.title(), "password": PASSWORD})
    if status == 409:  # It was made by a request that nobody answered.
        status, body, headers = request(port, "POST", "/v1/sessions",
                                        {"handle": handle, "password": PASSWORD})
    if status == 503:  # A server that ends is busy for good.
        raise NoAnswer(f"sign-up: {status} {body!r}")
    if status != 201:
        raise AssertionError(f"sign-up: {status} {body!r}")
    status, made, _ = request(port, "POST", "/v1/tokens", {"label": "test"},
                              cookie=headers["set-cookie"].split(";")[0])
    if status == 503:
        raise NoAnswer(f"token: {status} {made!r}")
    if status != 201:
        raise AssertionError(f"token: {status} {made!r}")
    return json.loads(body), json.loads(made)["token"]


class Poster(threading.Thread):
    """Signs up and posts until it is told to end; asks again, under the same key, whatever was not
    answered. `answered` has the id that was answered for each text."""

    def __init__(self, server, handle, pause_s=0.0):
        super().__init__(daemon=True)
        self.server = server
        self.handle = handle
        self.pause_s = pause_s
        self.answered = {}
        self.unanswered = 0  # attempts that broke
        self.busy = 0
        self.failure = None
        self.is_over = threading.Event()

    def run(self):
        try:
            token = self.retry(lambda: sign_up(self.server.port, self.handle)[1])
            for number in range(1 << 30):
                if self.is_over.is_set():
                    return
                text = self.text_of(number)
                post = self.retry(lambda: self.post(token, text))
                if post is None:
                    return
                self.answered[text] = post
                time.sleep(self.pause_s)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def text_of(self, number):
        """A text that nobody else posts; its third word serves as the key."""
        return f"{self.handle} {number} {uuid.uuid4()}"

    def post(self, token, text):
        status, body, _ = request(self.server.port, "POST", "/v1/communities/1/posts",
                                  {"text": text}, token=token, key=text.split()[2])
        if status == 503 or (status == 409 and b"under way" in body):
            self.busy += 1
            raise NoAnswer(f"{status} {body!r}")
        if status != 201:
            raise AssertionError(f"post: {status} {body!r}")
        return json.loads(body)["id"]

    def retry(self, call):
        """Until there is an answer; an answer that is owed is waited for after the end, too."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return call()
            except NoAnswer:
                self.unanswered += 1
                time.sleep(0.02)
        raise AssertionError("no answer within 60 s")


def wait_for_each(posters):
    """Until each has an answer."""
    if not wait_until(lambda: all(poster.answered or poster.failure for poster in posters)):
        raise AssertionError("a poster has no answer")


def finish(posters):
    """Ends them; each has the answer to all that it asked."""
    for poster in posters:
        poster.is_over.set()
    for poster in posters:
        poster.join(timeout=90)
        if poster.is_alive():
            raise AssertionError(f"{poster.handle} did not end")
        if poster.failure:
            raise AssertionError(f"{poster.handle}: {poster.failure!r}") from poster.failure


class CrashTest(unittest.TestCase):
    """A folder for each test, servers that end with it, and a look at what is kept."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="matsuri_crash_"))
        self.servers = []
        self.mariadb = None
        self.random = random.Random(SEED)
        print(f"{self.id()}: MATSURI_SEED={SEED}", file=sys.stderr)

    def tearDown(self):
        for server in self.servers:
            server.kill()
        if self.mariadb:
            self.mariadb.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_mariadb(self):
        """One for the test, that ends with it."""
        if not Mariadb.is_installed():
            self.skipTest("mariadbd is not installed")
        self.mariadb = Mariadb(self.folder).start()
        return self.mariadb

    def server(self, config="", data=None):
        server = Server(self.folder, config, data)
        self.servers.append(server)
        return server

    def check_feed(self, server, posters):
        """Every answered post is there once, under the id that was answered; nothing else is."""
        server.wait_applied()
        answered = {text: post for poster in posters for text, post in poster.answered.items()}
        feed = server.feed()
        texts = [text for _, text in feed]
        self.assertEqual(len(texts), len(set(texts)), "a post is there twice")
        there = {text: post for post, text in feed}
        lost = [text for text in answered if text not in there]
        self.assertEqual(lost, [], f"answered and lost: {lost[:5]}")
        wrong = [text for text, post in answered.items() if there[text] != post]
        self.assertEqual(wrong, [], "an answer named another id")
        strange = sorted(set(there) - set(answered))
        self.assertEqual(strange[:5], [], "posts that nobody was answered for")

    def check_doctor(self, server):
        done = server.command("doctor")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


def main():
    """Runs the file's tests; a file of which all were skipped says so to ctest with 77."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun > 0 and len(result.skipped) == result.testsRun:
        print(result.skipped[0][1])
        sys.exit(77)
