"""A viewer: what a phone's camera makes of a broadcast (VCI-1, src/match/README.md), in plain Python; and
programmes to look at, made by ffmpeg and `matsuri program build`.
"""

import base64
import functools
import math
import pathlib
import struct
import subprocess
import time

COLUMNS, ROWS = 32, 16
CELLS = COLUMNS * ROWS
FRAMES, PERIOD_MS = 24, 125
MASK = 0xFFFFFFFF


def make_video(path, seconds, seed):
    """Big blobs that fade into others twice a second: each moment, and each seed, is its own."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"color=c=gray:s=32x18:r=2,noise=alls=100:all_seed={seed}:allf=t+u,format=yuv420p", "-vf",
         "scale=320:180:flags=bicubic,minterpolate=fps=25:mi_mode=blend,eq=contrast=1.8", "-t",
         str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)],
        check=True, timeout=300)
    return path


def pictures_of(video):
    """What a TV shows, ten times a second: the luma of its cells."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(video), "-vf",
         f"fps=10,scale={COLUMNS}:{ROWS}:flags=area:out_range=full,format=gray", "-f", "rawvideo", "-"],
        check=True, capture_output=True, timeout=120).stdout
    return [raw[at:at + CELLS] for at in range(0, len(raw), CELLS)]


def build_programme(binary, folder, video, windows):
    """Its closure; `windows` is the text of docs/formats/windows.md."""
    (folder / "windows.toml").write_text(windows, encoding="utf-8")
    built = subprocess.run(
        [binary, "program", "build", str(video), "--title", "Evening", "--start", "2030-01-01T12:00:00Z",
         "--windows", str(folder / "windows.toml"), "--out", str(folder / "out"), "--cache", ""],
        capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr
    return folder / "out/show.checkin"


def broadcast_at(start_ms, **delay_ms):
    """What a studio says of a programme that begins then."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(start_ms // 1000))
    return {"starts_at": f"{moment}.{start_ms % 1000:03}Z",
            "delay_ms": {"terrestrial": 0, "cable": 0, "stream": 0} | delay_ms}


def closure_of(server):
    """The closure's process id, or None: the child of the server with that process id."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if words[0].endswith(b"show.checkin") and int(parent) == server:
                return int(entry.name)
    return None


def _quarter(words, a, b, c, d):
    for left, right, into, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        words[left] = (words[left] + words[right]) & MASK
        mixed = words[into] ^ words[left]
        words[into] = ((mixed << by) | (mixed >> (32 - by))) & MASK


def chacha_block(key, counter, nonce):
    """RFC 8439, 2.3."""
    state = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, *struct.unpack("<8I", key), counter,
             *struct.unpack("<3I", nonce)]
    words = list(state)
    for _ in range(10):
        for a in range(4):
            _quarter(words, a, 4 + a, 8 + a, 12 + a)
        for a in range(4):
            _quarter(words, a, 4 + (a + 1) % 4, 8 + (a + 2) % 4, 12 + (a + 3) % 4)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(words, state)))


def patterns_of(seed):
    """128 patterns of +1 and -1."""
    return [[-1 if block[i >> 3] >> (i & 7) & 1 else 1 for i in range(CELLS)]
            for block in (chacha_block(seed, p, b"VCI1" + bytes(8)) for p in range(128))]


def _box(cells):
    means = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            window = [cells[i * COLUMNS + j]
                      for i in range(max(0, row - 3), min(ROWS - 1, row + 3) + 1)
                      for j in range(max(0, column - 3), min(COLUMNS - 1, column + 3) + 1)]
            means.append(sum(window) / len(window))
    return means


@functools.lru_cache(maxsize=4096)  # many look at the same pictures
def features_of(luma):
    """Of one picture, as bytes."""
    cells = [float(value) for value in luma]
    for _ in range(2):
        down = [(cells[max(r - 1, 0) * COLUMNS + c] + 2 * cells[r * COLUMNS + c]
                 + cells[min(r + 1, ROWS - 1) * COLUMNS + c]) / 4
                for r in range(ROWS) for c in range(COLUMNS)]
        cells = [(down[r * COLUMNS + max(c - 1, 0)] + 2 * down[r * COLUMNS + c]
                  + down[r * COLUMNS + min(c + 1, COLUMNS - 1)]) / 4
                 for r in range(ROWS) for c in range(COLUMNS)]
    contrast = [value - mean for value, mean in zip(cells, _box(cells))]
    energy = _box([value * value for value in contrast])
    features = [max(-2.0, min(2.0, value / (math.sqrt(around) + 1.5)))
                for value, around in zip(contrast, energy)]
    for i in range(CELLS):
        row, column = divmod(i, COLUMNS)
        features[i] *= 0.5 ** ((row in (0, ROWS - 1)) + (column in (0, COLUMNS - 1)))
    return features


def burst(pictures, seed, start_row, frame_count=FRAMES):
    """The descriptor of who films from that row of the broadcast on, base64url."""
    patterns = patterns_of(seed)
    wire = bytes([1, frame_count, 0, 0])
    for frame in range(frame_count):
        at_ms = frame * PERIOD_MS
        features = features_of(pictures[start_row + at_ms // 100])
        block = frame % 8 * 16
        sums = (sum(p * x for p, x in zip(patterns[block + m], features)) for m in range(16))
        wire += struct.pack("<H16b", at_ms,
                            *(max(-127, min(127, math.floor(value + 0.5))) for value in sums))
    return to_base64url(wire)


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Viewer:
    """Films a broadcast that began at `start_ms`, through `ask(method, path, body)` of somebody who is
    signed in; the answers are decoded JSON.
    """

    def __init__(self, ask, programme, pictures, start_ms):
        self.ask, self.programme, self.pictures = ask, programme, pictures
        self.start_ms = start_ms

    def wait_for_ticket(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            asked = time.time()
            answer = self.ask("GET", f"/v1/checkin/{self.programme}/ticket?path=terrestrial", None)
            if answer["answer"] == "ticket":
                return answer, asked, time.time()
            time.sleep(min(1, answer["retry_in_ms"] / 1000 if answer["retry_in_ms"] else 0.2))
        raise AssertionError(f"no ticket comes: {answer}")

    def check_in(self, pictures=None, ticket=None):
        """Waits for its time, films for three seconds, and says what the server made of it."""
        given, asked, came = ticket or self.wait_for_ticket()
        begin = max(came + given["start_delay_ms"] / 1000, time.time())
        row = int((begin * 1000 - self.start_ms) / 100)
        descriptor = burst(pictures or self.pictures, from_base64url(given["seed"]), row)
        time.sleep(max(0, begin + (FRAMES - 1) * PERIOD_MS / 1000 - time.time()))
        return self.ask("POST", f"/v1/checkin/{self.programme}", {
            "ticket": given["ticket"], "path": "terrestrial", "dt_ms": int((begin - asked) * 1000),
            "rtt_ms": int((came - asked) * 1000), "descriptor": descriptor})
