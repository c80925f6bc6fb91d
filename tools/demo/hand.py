# A hand that draws: shapes in pixels of the 320 x 120 canvas become strokes with the wobble and the
# pace of somebody who draws them. The same seed gives the same strokes.

import contextlib
import math
import random

QUARTERS = 4
WIDTH, HEIGHT = 320, 120
THIN, MIDDLE, THICK = 1, 2, 3
STEP_PX = 2.5       # between points, before those on straight parts are left out
TOLERANCE_PX = 0.3  # how far a point may lie off, to be left out


def distance(a, b):
    return math.hypot(a[0] - b[0], a[1] - b[1])


def densified(points):
    out = [points[0]]
    for a, b in zip(points, points[1:]):
        count = max(1, math.ceil(distance(a, b) / STEP_PX))
        out += [(a[0] + (b[0] - a[0]) * i / count, a[1] + (b[1] - a[1]) * i / count)
                for i in range(1, count + 1)]
    return out


def off_line(point, a, b):
    length = distance(a, b)
    if length == 0:
        return distance(point, a)
    return abs((b[0] - a[0]) * (a[1] - point[1]) - (a[0] - point[0]) * (b[1] - a[1])) / length


def simplified(points):
    """Douglas and Peucker's: as few points as the shape needs."""
    keep, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        far = max(range(first + 1, last), default=None,
                  key=lambda i: off_line(points[i], points[first], points[last]))
        if far is not None and off_line(points[far], points[first], points[last]) > TOLERANCE_PX:
            keep.add(far)
            spans += [(first, far), (far, last)]
    return [points[i] for i in sorted(keep)]


def smooth(points, closed=False):
    """A curve through the points (Catmull and Rom's)."""
    if len(points) < 3:
        return list(points)
    around = [points[-1], *points, points[0], points[1]] if closed \
        else [points[0], *points, points[-1]]
    out = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:]):
        count = max(2, math.ceil(distance(b, c) / STEP_PX))
        for i in range(count):
            t = i / count
            out.append(tuple(0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t
                                    + (3 * q - p - 3 * r + s) * t ** 3)
                             for p, q, r, s in zip(a, b, c, d)))
    return out + [points[0] if closed else points[-1]]


class Hand:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.strokes = []
        self.pen = THIN
        self.speed = self.rng.uniform(200, 330)  # pixels a second: some are slower than others
        self.shake = self.rng.uniform(0.35, 0.75)
        self.frame = (0.0, 0.0, 1.0, 1)

    @contextlib.contextmanager
    def at(self, x, y, scale=1.0, flip=False):
        """What is drawn inside has (x, y) for its origin."""
        before = self.frame
        ox, oy, size, side = before
        self.frame = (ox + x * size * side, oy + y * size, size * scale, -side if flip else side)
        yield
        self.frame = before

    @contextlib.contextmanager
    def with_pen(self, pen):
        before, self.pen = self.pen, pen
        yield
        self.pen = before

    def around(self, value, spread):
        return value + self.rng.uniform(-spread, spread)

    def shaken(self, points):
        """Slow waves, as of a wrist, rather than noise."""
        waves = [(self.rng.uniform(0, 7), self.rng.uniform(0, 7), self.rng.uniform(14, 45))
                 for _ in range(2)]
        out, way, before = [], 0.0, points[0]
        for x, y in points:
            way += distance(before, (x, y))
            before = (x, y)
            out.append((x + self.shake * sum(math.sin(a + way / w) for a, _, w in waves) / 1.4,
                        y + self.shake * sum(math.sin(b + way / w) for _, b, w in waves) / 1.4))
        return out

    def stroke(self, points, eraser=False):
        ox, oy, size, side = self.frame
        placed = [(ox + x * size * side, oy + y * size) for x, y in points]
        placed = simplified(self.shaken(densified(placed)))
        pause = self.rng.choice((110, 150, 180, 220, 260, 340, 420, 900))
        numbers, before, last = [], placed[0], None
        for index, spot in enumerate(placed):
            # A hand starts and ends slower than it goes.
            pace = self.speed * (0.6 if index in (1, len(placed) - 1) else 1) \
                * self.rng.uniform(0.8, 1.2)
            t = pause + self.rng.randrange(60) if index == 0 \
                else max(8, round(distance(before, spot) / pace * 1000))
            x = min(max(round(spot[0] * QUARTERS), 0), WIDTH * QUARTERS)
            y = min(max(round(spot[1] * QUARTERS), 0), HEIGHT * QUARTERS)
            if (x, y) != last:
                numbers += [x, y, t]
            before, last = spot, (x, y)
        if not self.strokes:
            numbers[2] = 0
        stroke = {"pen": self.pen, "points": numbers}
        self.strokes.append({**stroke, "eraser": True} if eraser else stroke)

    # Shapes.

    def line(self, *points):
        self.stroke(points)

    def shape(self, *points):
        self.stroke([*points, points[0]])

    def curve(self, *points):
        self.stroke(smooth(points))

    def blob(self, *points):
        self.stroke(smooth(points, closed=True))

    def arc(self, x, y, rx, ry, start, end):
        """Angles in degrees, 0 to the right, growing downwards on the screen."""
        count = max(5, math.ceil(abs(end - start) / 360 * (rx + ry) * 3.2 / STEP_PX))
        angles = [math.radians(start + (end - start) * i / count) for i in range(count + 1)]
        self.stroke([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles])

    def ring(self, x, y, rx, ry=None):
        """Closed as hands close it: a little over."""
        start = self.rng.uniform(200, 300)
        self.arc(x, y, rx, ry or rx, start, start + 360 + self.rng.uniform(2, 16))

    def dot(self, x, y):
        self.stroke([(x, y), (x + 0.3, y + 0.3)])

    def spot(self, x, y, radius):
        """A filled disc."""
        if radius <= 2.5:
            with self.with_pen(MIDDLE):
                self.ring(x, y, max(radius - 1.5, 0.4))
            return
        with self.with_pen(THICK if radius > 5 else MIDDLE):
            width = 8 if radius > 5 else 4
            turns = max(1, math.ceil((radius - width / 2) / (width * 0.7)))
            self.stroke([(x + (radius - width / 2) * i / (turns * 12) * math.cos(i * math.pi / 6),
                          y + (radius - width / 2) * i / (turns * 12) * math.sin(i * math.pi / 6))
                         for i in range(turns * 12 + 7)])

    def hatch(self, left, right, top, bottom, gap=5):
        """Zigzag shading of a box, in one go."""
        points, x, down = [], left, False
        while x <= right:
            points += [(x, bottom if down else top), (x + gap / 2, top if down else bottom)]
            x += gap
        self.stroke(points)

    def drawing(self):
        return {"strokes": self.strokes}
