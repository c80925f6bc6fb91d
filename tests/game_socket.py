"""The WebSocket of a title's game state, as tests of several folders want it: a client that can say any
frame, and commands to and from api/game.proto, in the form that game_client.py gives them.
"""

import base64
import contextlib
import importlib.util
import os
import pathlib
import socket
import subprocess
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
COMPARES = dict(zip(("exists", "absent", "==", "!=", "<", "<=", ">", ">=", "version", "now<"),
                    range(1, 11)))
OPERATIONS = dict(zip(("add", "sub", "add_clamp", "sub_clamp", "set", "max", "min", "set_if_absent",
                       "remove"), range(1, 10)))


def load_messages():
    """The classes that protoc makes of api/game.proto."""
    with tempfile.TemporaryDirectory(prefix="matsuri_game_pb_") as folder:
        subprocess.run(["protoc", f"--python_out={folder}", f"-I{ROOT}/api", "game.proto"], check=True)
        spec = importlib.util.spec_from_file_location("game_pb2", f"{folder}/game_pb2.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


pb = load_messages()


class Closed(Exception):
    """The server ended the socket; `code` is None where it said nothing."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


def frame(opcode, payload, is_last=True):
    head = bytes([(0x80 if is_last else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        head += bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + len(payload).to_bytes(8, "big")
    mask = os.urandom(4)
    mask_all = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(mask_all, "big")).to_bytes(
        len(payload), "big")


def opening(path, port, headers=()):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
             "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
             *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class GameSocket:
    """OSError where the connection breaks, Closed where the server ends it."""

    def __init__(self, port, path, headers=(), timeout_s=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.last_id = 0
        try:
            self.socket.sendall(opening(f"{path}/socket", port, headers))
            while b"\r\n\r\n" not in self.rest:
                self._more()
            head, self.rest = self.rest.split(b"\r\n\r\n", 1)
            if not head.startswith(b"HTTP/1.1 101 "):
                raise ConnectionError(f"no WebSocket: {head[:100]!r}")
        except Exception:
            self.close()
            raise

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Closed(None)
        self.rest += data

    def _take(self, size):
        while len(self.rest) < size:
            self._more()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def close(self):
        self.socket.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def read_frame(self):
        first, size = self._take(2)
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return first & 15, self._take(size)

    def read_message(self):
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.send_raw(frame(PONG, payload))
            elif opcode == CLOSE:
                with contextlib.suppress(OSError):  # whoever broke the protocol is not waited for
                    self.send_raw(frame(CLOSE, payload[:2]))
                raise Closed(int.from_bytes(payload[:2], "big") or None, payload[2:].decode())
            elif opcode == BINARY:
                return payload

    def send(self, **what):
        """Sends a Request of {sign_in | commands}, and gives its id."""
        self.last_id += 1
        self.send_raw(frame(BINARY, pb.Request(id=self.last_id, **what).SerializeToString()))
        return self.last_id

    def read(self):
        return pb.Response.FromString(self.read_message())

    def sign_in(self, title_key, player_token=""):
        self.send(sign_in=pb.SignIn(title_key=title_key, player_token=player_token))
        return self.read()

    def send_commands(self, commands):
        return self.send(commands=pb.Commands(commands=map(to_message, commands)))

    def run(self, *commands):
        """The outcomes of one request, and the token."""
        sent = self.send_commands(commands)
        response = self.read()
        assert response.id == sent and response.HasField("outcomes"), response
        return outcomes_of(response), response.outcomes.token


def to_message(command):
    """What game_client.py makes, as a Command."""
    def renamed(part, name, numbers):
        return {key: numbers[value] if key == name else value for key, value in part.items()}

    more = {name: command[name] for name in ("arena", "reason", "linked", "deadline_ms")
            if name in command}
    return pb.Command(
        key=uuid.UUID(command["key"]).bytes,
        entities=[pb.EntityName(**entity) for entity in command["entities"]],
        guards=[pb.Guard(**renamed(guard, "is", COMPARES)) for guard in command["guards"]],
        steps=[pb.Step(**renamed(step, "do", OPERATIONS)) for step in command["steps"]], **more)


def outcomes_of(response):
    """Outcomes in the form that HTTP gives them."""
    return [outcome_of(one) for one in response.outcomes.outcomes]


def outcome_of(one):
    name = pb.Verdict.Name(one.outcome).removeprefix("VERDICT_").lower()
    told = {"key": str(uuid.UUID(bytes=one.key)) if one.key else None, "outcome": name}
    if one.outcome >= pb.VERDICT_OVERLOADED:
        return told | {"message": one.message}
    told |= {"duplicate": one.duplicate, "seq": one.seq, "time_ms": one.time_ms}
    if one.HasField("linked"):
        return told | {"linked": one.linked}
    if one.HasField("guard"):
        told["guard"] = one.guard
    return told | {"entities": [
        {"kind": entity.kind, "id": entity.id, "version": entity.version,
         "fields": {field.name: field.value for field in entity.fields}} for entity in one.entities]}
