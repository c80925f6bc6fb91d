"""A server of one's own, and a client that sends exactly the bytes that a test wants.

The binary comes from MATSURI_BINARY, else build/dev/matsuri of this repository. Everything is private:
a data folder and a port for each server, stopped by its process id.
"""

import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MATSURI_BINARY", str(ROOT / "build/dev/matsuri"))
sys.path.append(str(ROOT / "tests"))  # what other folders use too
from ports import free_port

SHARED = pathlib.Path(os.environ.get("MATSURI_SHARED", ROOT.parent / "shared"))

# No test below means to meet a rate; those that do set their own.
FREE_RATES = "\n".join(
    f"[limits.{who}_{cost}]\nper_minute = 6000000\nburst = 1000000"
    for who in ("account", "address") for cost in ("read", "write", "sign_in", "picture", "game"))


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes
    cookies: list = dataclasses.field(default_factory=list)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]


class Hang(Exception):
    """No answer in time, or one that does not end."""


def until_fresh(ask, is_enough=lambda answer: False):
    """What `ask` is answered, once that is not behind what was written (or is enough as it is). A server
    waits for its views for 300 ms, and a busy machine may need longer."""
    deadline = time.monotonic() + 60
    while True:
        answer = ask()
        if "matsuri-stale" not in answer.headers or is_enough(answer):
            return answer
        assert time.monotonic() < deadline, f"the views stay behind: {answer}"


class Connection:
    """One socket, with the strictness that a proxy would have."""

    def __init__(self, port, timeout_s=20, trust=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if trust:
            self.socket = trust.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.rest = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except socket.timeout as error:
            raise Hang("the server does not answer") from error
        except ConnectionResetError:
            data = b""
        self.rest += data
        return bool(data)

    def read_head(self):
        """Status and headers; None where the connection ends before the first byte."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                if not self.rest:
                    return None
                raise AssertionError(f"half an answer: {self.rest[:200]!r}")
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) [^\r\n]*", lines[0])
        assert match, f"no status line: {lines[0]!r}"
        headers, cookies = {}, []
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert re.fullmatch(r"[!#-'*+.^-z|~-]+", name, re.I), f"header {line!r}"
            if name.lower() == "set-cookie":
                cookies.append(value)
            headers[name.lower()] = value
        return Answer(int(match[1]), headers, b"", cookies)

    def read_rest(self, size):
        """So many bytes of a body."""
        while len(self.rest) < size:
            assert self._more(), f"{len(self.rest)} of {size} bytes of a body"
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def read_answer(self, head_only=False):
        answer = self.read_head()
        while answer is not None and answer.status == 100:
            answer = self.read_head()
        if answer is None:
            return None
        size = 0 if head_only or answer.status in (204, 304) else int(
            answer.headers["content-length"])
        answer.body = self.read_rest(size)
        return answer

    def read_event(self):
        """The next server-sent event, as a dict; comments are passed over."""
        deadline = time.monotonic() + 20
        while True:
            while b"\n\n" not in self.rest:
                if time.monotonic() > deadline:
                    raise Hang("no event comes")
                assert self._more(), "the stream ended"
            text, self.rest = self.rest.split(b"\n\n", 1)
            fields = [line.split(": ", 1) for line in text.decode().split("\n")
                      if line and not line.startswith(":")]
            event = dict(fields)
            if "event" in event:
                return event


def to_bytes(method, target, headers, body):
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    # Headers are bytes: what a test says in other letters goes out as UTF-8.
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


class Server:
    """A running `matsuri serve` on a data folder of its own."""

    scheme = "http"
    words = ()  # of its command line

    def __init__(self, config=FREE_RATES, data=None):
        self.folder = tempfile.mkdtemp(prefix="matsuri_functional_")
        self.data = data or f"{self.folder}/data"
        self.config = f"{self.folder}/matsuri.toml"
        self.inbox = f"{self.folder}/inbox"  # where a closure would write
        os.mkdir(self.inbox)
        pathlib.Path(self.config).write_text(f'{config}\n[checkin]\ninboxes = ["{self.inbox}"]\n',
                                             encoding="utf-8")
        self.process = None
        self.port = 0
        self.kept = None  # one connection for requests that need none of their own
        self.start()

    def start(self, kept_port=False):
        log = open(f"{self.folder}/log", "ab")
        begin = log.tell()
        port = self.port if kept_port else free_port()
        # Python ignores SIGXFSZ and its children may too: a write past a limit is an error then.
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.data, "--config", self.config, "--listen",
             f"127.0.0.1:{port}", *self.words],
            stdout=log, stderr=log, restore_signals=False)
        log.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            text = self.log()[begin:]
            match = re.search(rf"serving url={self.scheme}://127\.0\.0\.1:(\d+)", text)
            if match:
                self.port = int(match[1])
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log()[begin:]}")

    def log(self):
        return pathlib.Path(f"{self.folder}/log").read_bytes().decode("utf-8", "replace")

    def stop(self, number=signal.SIGTERM):
        if self.kept:
            self.kept.close()
            self.kept = None
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def restart(self, number=signal.SIGTERM):
        self.stop(number)
        self.start()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments):
        return subprocess.run([BINARY, *arguments, "--data", self.data, "--config", self.config],
                              capture_output=True, text=True, timeout=60, check=False)

    def limit_file_size(self, size):
        """From now on a write past `size` bytes of any file fails, as on a broken disk."""
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def connect(self, timeout_s=20):
        return Connection(self.port, timeout_s)

    def request(self, method, target, body=None, headers=(), who=None, connection=None, raw=None):
        """`body` is sent as JSON; `raw` as it is. `who` is a Person."""
        lines = [("Host", f"127.0.0.1:{self.port}")]
        data = b""
        if body is not None or raw is not None:
            data = raw if raw is not None else json.dumps(body).encode()
            names = {name.lower() for name, _ in headers}
            if "content-type" not in names:
                lines.append(("Content-Type", "application/json"))
            lines.append(("Content-Length", len(data)))
        if who is not None:
            lines += who.headers(self)
        lines += list(headers)
        message = to_bytes(method, target, lines, data)
        if connection is not None:
            connection.send(message)
            return connection.read_answer(head_only=method == "HEAD")
        # The server may have closed the connection that was kept: then once more on a new one.
        for is_new in (False, True):
            if is_new or self.kept is None:
                self.kept = self.connect()
            try:
                self.kept.send(message)
                answer = self.kept.read_answer(head_only=method == "HEAD")
            except (BrokenPipeError, ConnectionResetError):
                answer = None
            if answer is None:
                self.kept.close()
                self.kept = None
                continue
            if answer.headers.get("connection") == "close":
                self.kept.close()
                self.kept = None
            return answer
        raise AssertionError(f"no answer to {method} {target}")

    def stream(self, who=None, last_event_id=None, query="", timeout_s=20):
        """An open stream: its answer's head, and the connection that events come on."""
        connection = self.connect(timeout_s)
        lines = [("Host", f"127.0.0.1:{self.port}")]
        if who is not None:
            lines += who.headers(self)
        if last_event_id is not None:
            lines.append(("Last-Event-ID", last_event_id))
        connection.send(to_bytes("GET", f"/v1/stream{query}", lines, b""))
        head = connection.read_head()
        if head.status != 200:
            head.body = connection.rest
        return head, connection


class Person:
    """Somebody who signed up, by cookie as a browser does or by bearer token as a program."""

    def __init__(self, server, handle, name="Somebody", password="correct horse"):
        self.handle, self.password = handle, password
        self.token = None
        self.position = None
        answer = server.request("POST", "/v1/accounts",
                                {"handle": handle, "name": name, "password": password})
        assert answer.status == 201, answer
        self.id = answer.json["id"]
        self.take(answer)
        # Until the views know the name, nobody is shown what this person writes; the position of
        # a post alone does not say that they do.
        seen = [("Matsuri-Position", self.position)]
        until_fresh(lambda: server.request("GET", "/v1/timeline", None, seen, self))

    def take(self, answer):
        for cookie in answer.cookies:
            self.cookie = cookie.split(";")[0]
        self.position = answer.headers.get("matsuri-position", self.position)

    def headers(self, server):
        if self.token:
            return [("Authorization", f"Bearer {self.token}")]
        return [("Cookie", self.cookie), ("Origin", f"{server.scheme}://127.0.0.1:{server.port}")]

    def as_program(self, server):
        """The same account with a bearer token."""
        answer = server.request("POST", "/v1/tokens", {"label": "test"}, who=self)
        assert answer.status == 201, answer
        other = object.__new__(Person)
        other.__dict__.update(self.__dict__, token=answer.json["token"])
        return other

    def becomes_admin(self, server):
        """By the command, which writes beside the server, and waits until the server knows."""
        given = server.run("account", "role", self.handle, "admin")
        assert given.returncode == 0, given
        for _ in range(200):
            if server.request("PUT", f"/v1/accounts/{self.handle}/role", {"role": "admin"},
                              who=self).status == 200:
                return self
            time.sleep(0.05)
        raise AssertionError("the server does not hear of a role")

    def post(self, server, text, key=None, community="1", language=None, connection=None):
        headers = [("Idempotency-Key", key)] if key else []
        body = {"text": text} | ({"language": language} if language else {})
        answer = server.request("POST", f"/v1/communities/{community}/posts", body, headers,
                                who=self, connection=connection)
        if answer.status == 201:
            self.position = answer.headers.get("matsuri-position", self.position)
        return answer

    def feed(self, server, query=""):
        headers = [("Matsuri-Position", self.position)] if self.position else []
        return until_fresh(lambda: server.request("GET", f"/v1/communities/1/posts{query}",
                                                  headers=headers, who=self))


def skip_program(reason):
    """Ends the program as skipped, in the way that `./dev test` counts."""
    print(reason)
    sys.exit(77)
