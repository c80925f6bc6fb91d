# What the people of the demo world draw: each picture is a function of a hand. Arguments vary it.

import math

from hand import MIDDLE, THICK

PICTURES = {}


def picture(function):
    PICTURES[function.__name__] = function
    return function


# Parts.

def lantern(h, x, y, size=1.0, mark=None):
    """A paper lantern that hangs from (x, y)."""
    with h.at(x, y, size):
        h.line((0, 0), (0, 6))
        h.line((-6, 6), (6, 6), (6, 9), (-6, 9), (-6, 6))
        h.curve((-6, 9), (-15, 18), (-15, 30), (-6, 39))
        h.curve((6, 9), (15, 18), (15, 30), (6, 39))
        for k in (16, 24, 32):
            half = 12.5 if k != 24 else 15
            h.curve((-half, k), (0, k + 2.5), (half, k))
        h.line((-6, 39), (6, 39))
        h.line((0, 39), (0, 47))
        if mark:
            with h.with_pen(MIDDLE):
                mark(h)


def star(h, x, y, radius=5):
    points = [(x + radius * math.sin(k * 4 * math.pi / 5),
               y - radius * math.cos(k * 4 * math.pi / 5))
              for k in range(6)]
    h.stroke(points)


def sparkle(h, x, y, radius=4):
    h.line((x - radius, y), (x + radius, y))
    h.line((x, y - radius), (x, y + radius))


def waves(h, y, left=8, right=312, height=4, step=18):
    points, x = [], left
    while x <= right:
        points += [(x, y), (x + step / 2, y - height)]
        x += step
    h.curve(*points)


def grass(h, x, y):
    h.line((x - 4, y - 6), (x, y), (x + 1, y - 9), (x + 2, y), (x + 7, y - 6))


def smile(h, x, y, width=5):
    h.curve((x - width, y), (x, y + width * 0.8), (x + width, y))


def cloud(h, x, y, size=1.0):
    with h.at(x, y, size):
        h.curve((-20, 8), (-26, 2), (-18, -4), (-12, -3), (-6, -12), (6, -11), (10, -4), (20, -5),
                (25, 3), (18, 8))
        h.line((-20, 8), (18, 8))


def burst(h, x, y, radius, rays=12, ring=True):
    for k in range(rays):
        a = 2 * math.pi * k / rays + h.rng.uniform(-0.08, 0.08)
        far = radius * h.rng.uniform(0.85, 1.1)
        near = radius * 0.3
        tip = (x + far * math.cos(a), y + far * math.sin(a) + radius * 0.08)
        h.curve((x + near * math.cos(a), y + near * math.sin(a)),
                (x + far * 0.7 * math.cos(a), y + far * 0.7 * math.sin(a) - radius * 0.03), tip)
        if ring and k % 2 == 0:
            h.dot(x + far * 1.22 * math.cos(a), y + far * 1.22 * math.sin(a) + radius * 0.1)


def goldfish(h, x, y, size=1.0, flip=False):
    with h.at(x, y, size, flip):
        h.curve((-22, 0), (-10, -11), (8, -10), (18, -2))
        h.curve((-22, 0), (-12, 10), (6, 10), (18, 2))
        h.curve((17, -1), (28, -14), (40, -13), (32, -2), (41, 10), (28, 13), (17, 2))
        h.curve((-4, -11), (4, -19), (12, -15), (11, -8))
        h.curve((-2, 9), (2, 16), (8, 14))
        h.arc(-9, 0, 5, 8, -70, 70)
        h.spot(-15, -2, 1.8)
        h.curve((2, -4), (6, 0), (2, 4))
        h.curve((9, -4), (13, 0), (9, 4))


def cat_head(h, x, y, size=1.0, eyes="open"):
    with h.at(x, y, size):
        h.curve((-20, -6), (-22, -25), (-19, -27), (-8, -18), (0, -19), (8, -18), (19, -27),
                (22, -25),
                (20, -6), (21, 6), (12, 16), (0, 18), (-12, 16), (-21, 6), (-20, -6))
        for side in (-1, 1):
            if eyes == "shut":
                h.curve((side * 9 - 4, -2), (side * 9, 2), (side * 9 + 4, -2))
            elif eyes == "happy":
                h.curve((side * 9 - 4, 1), (side * 9, -4), (side * 9 + 4, 1))
            else:
                h.spot(side * 9, -1, 2.4)
            h.line((side * 14, 6), (side * 29, 3))
            h.line((side * 14, 9), (side * 28, 11))
        h.line((-2, 4), (2, 4), (0, 6), (-2, 4))
        h.curve((-6, 9), (-3, 11), (0, 7), (3, 11), (6, 9))


def person(h, x, y, size=1.0, arm_up=False):
    """A small somebody who stands on (x, y)."""
    with h.at(x, y, size):
        h.ring(0, -30, 7)
        h.shape((-6, -22), (6, -22), (9, -8), (-9, -8))
        h.line((-4, -8), (-5, 0))
        h.line((4, -8), (5, 0))
        h.line((-6, -20), (-14, -13))
        h.line((6, -20), (15, -32) if arm_up else (14, -13))


def house(h, x, y, size=1.0):
    with h.at(x, y, size):
        h.line((-18, 0), (-18, -18), (18, -18), (18, 0))
        h.curve((-26, -16), (-14, -24), (0, -36), (14, -24), (26, -16))
        h.line((-26, -16), (26, -16))
        h.shape((-5, 0), (-5, -11), (5, -11), (5, 0))


# Festival.

@picture
def lanterns(h, count=5):
    sag = h.rng.uniform(8, 14)
    h.curve((4, 12), (160, 12 + sag), (316, 10))
    for k in range(count):
        x = 320 * (k + 0.5) / count + h.rng.uniform(-6, 6)
        lantern(h, x, 11 + sag * (1 - ((x - 160) / 160) ** 2), h.around(1.25, 0.2))
    for x in range(20, 310, 48):
        grass(h, h.around(x, 12), h.around(114, 2))


@picture
def big_lantern(h, glow=True):
    def mark(h):
        h.line((-6, 19), (6, 18))
        h.line((0, 14), (0, 33))
        h.line((0, 23), (-6, 30))
        h.line((0, 23), (7, 30))
    lantern(h, 160, 3, 2.35, mark)
    if glow:
        for k in range(16):
            a = 2 * math.pi * (k + 0.5) / 16
            h.line((160 + 52 * math.cos(a), 59 + 46 * math.sin(a)),
                   (160 + h.around(72, 6) * math.cos(a), 59 + h.around(58, 3) * math.sin(a)))
    for x, y in ((40, 30), (70, 84), (258, 26), (282, 88)):
        sparkle(h, x, y, h.around(4, 1))


@picture
def fireworks(h, count=3, below="hills"):
    spots = [(70, 40, 27), (168, 34, 30), (258, 46, 24), (116, 68, 13), (214, 72, 12)]
    for x, y, radius in spots[:count]:
        burst(h, h.around(x, 8), h.around(y, 4), radius, h.rng.choice((10, 12, 14)))
    if below == "hills":
        h.curve((2, 112), (50, 94), (96, 106), (150, 92), (214, 108), (270, 96), (318, 110))
    elif below == "water":
        waves(h, 100)
        waves(h, 110, 20, 300)
    else:
        for x in (44, 110, 178, 244, 296):
            house(h, x, 117, 0.62)
    for x in (150, 164) if below == "hills" else ():
        person(h, x, 117, 0.5, arm_up=x == 164)


@picture
def goldfish_scoop(h, count=3):
    h.curve((20, 74), (60, 70), (160, 76), (300, 72))
    places = [(70, 92, 0.8, False), (178, 98, 0.7, True), (252, 90, 0.75, False),
              (122, 104, 0.55, True)]
    for x, y, size, flip in places[:count]:
        goldfish(h, x, y, size, flip)
    with h.at(h.around(150, 20), 40):
        h.ring(0, 0, 22, 19)
        h.ring(0, 0, 18, 15)
        h.line((16, -13), (46, -34))
        h.line((19, -10), (49, -31))
        h.curve((-8, -6), (2, 0), (-3, 6), (6, 9))
    for x, y in ((60, 62), (222, 60), (230, 52)):
        h.ring(x, y, 2.5)


@picture
def one_goldfish(h):
    goldfish(h, 150, 62, 2.1)
    for x, y, r in ((84, 48, 5), (76, 34, 3.5), (84, 22, 2.5)):
        h.ring(x, y, r)
    for x in (246, 262, 276):
        h.curve((x, 116), (x - 7, 96), (x + 5, 80), (x - 3, 62))


@picture
def candy_apple(h, count=1):
    for k in range(count):
        x = 160 + (k - (count - 1) / 2) * 76
        h.ring(x, 46, 30, 28)
        h.line((x - 2, 73), (x - 1, 112))
        h.line((x + 2, 73), (x + 2, 112))
        h.arc(x, 46, 21, 19, 190, 250)
        h.curve((x - 8, 19), (x, 24), (x + 9, 18))
        h.spot(x - 9, 48, 2.2)
        h.spot(x + 9, 48, 2.2)
        smile(h, x, 54)


@picture
def drum(h):
    h.ring(160, 46, 48, 19)
    h.curve((112, 48), (104, 72), (114, 96))
    h.curve((208, 48), (216, 72), (206, 96))
    h.arc(160, 96, 47, 17, 0, 180)
    for x in (122, 142, 162, 182, 200):
        h.spot(x, 73 - abs(x - 161) * 0.12, 1.8)
    h.curve((160, 46), (152, 38), (162, 36), (170, 44), (160, 54), (148, 48))
    with h.with_pen(MIDDLE):
        h.line((60, 14), (136, 40))
        h.line((258, 10), (186, 38))
    for a in (200, 225, 315, 340):
        r = math.radians(a)
        h.line((160 + 62 * math.cos(r), 40 + 34 * math.sin(r)),
               (160 + 78 * math.cos(r), 40 + 44 * math.sin(r)))


@picture
def stall(h):
    h.line((70, 114), (70, 40), (250, 40), (250, 114))
    h.line((58, 40), (76, 14), (244, 14), (262, 40), (58, 40))
    for x in range(58, 250, 29):
        h.arc(x + 14.5, 40, 14.5, 10, 180, 0)
    h.line((70, 80), (250, 80))
    for k, x in enumerate((92, 122, 152, 182)):
        h.ring(x, 66, 9)
        h.line((x, 75), (x, 80))
    person(h, 224, 80, 0.95)
    lantern(h, 292, 30, 0.8)
    h.line((292, 30), (264, 20))


@picture
def fan(h):
    h.arc(160, 100, 92, 88, 200, 340)
    h.arc(160, 100, 34, 32, 200, 340)
    for a in range(200, 341, 14):
        r = math.radians(a)
        h.line((160 + 34 * math.cos(r), 100 + 32 * math.sin(r)),
               (160 + 92 * math.cos(r), 100 + 88 * math.sin(r)))
        h.line((160, 108), (160 + 34 * math.cos(r), 100 + 32 * math.sin(r)))
    waves(h, 48, 122, 200, 5, 14)


@picture
def mask_fox(h):
    with h.at(160, 62):
        h.curve((-36, -14), (-44, -52), (-38, -55), (-16, -34), (0, -36), (16, -34), (38, -55),
                (44, -52),
                (36, -14), (30, 14), (8, 46), (0, 50), (-8, 46), (-30, 14), (-36, -14))
        for side in (-1, 1):
            with h.with_pen(MIDDLE):
                h.curve((side * 9, -2), (side * 18, -10), (side * 30, -13))
            h.curve((side * 9, -2), (side * 20, -1), (side * 30, -13))
            h.line((side * 36, -46), (side * 32, -34), (side * 24, -36))
            for k in (14, 20, 26):
                h.curve((side * 16, k), (side * 24, k - 3), (side * 30, k - 8))
        h.spot(0, 38, 3)
        h.curve((-8, 43), (0, 42), (8, 43))
        if h.rng.random() < 0.5:
            h.blob((0, -30), (4, -24), (0, -16), (-4, -24))
        else:
            h.spot(0, -22, 5)
            h.line((-12, -30), (-9, -20))
            h.line((12, -30), (9, -20))
    h.curve((198, 48), (226, 40), (246, 52), (262, 44))
    h.curve((122, 48), (94, 40), (74, 52), (58, 44))


@picture
def mask_oni(h):
    with h.at(160, 64):
        h.ring(0, 0, 42, 46)
        for side in (-1, 1):
            h.line((side * 14, -43), (side * 24, -61), (side * 30, -33))
            with h.with_pen(MIDDLE):
                h.curve((side * 6, -12), (side * 18, -22), (side * 32, -20))
            h.ring(side * 17, -6, 7)
            h.spot(side * 16, -6, 2.4)
            h.line((side * 12, 20), (side * 14, 10), (side * 18, 20))
        h.curve((-6, 8), (-3, 3), (0, 8), (3, 3), (6, 8))
        for x in (-22, -8, 8, 22):
            h.ring(x, -38 + abs(x) * 0.3, h.around(6, 1.5))
        h.blob((-24, 20), (0, 17), (24, 20), (14, 32), (-14, 32))
        for x in (-10, 0, 10):
            h.line((x, 19), (x, 31))


@picture
def mask_plain(h, sad=False):
    with h.at(160, 60):
        h.blob((-34, -38), (0, -50), (34, -38), (38, 4), (18, 42), (0, 50), (-18, 42), (-38, 4))
        for side in (-1, 1):
            h.ring(side * 15, -26, 5, 3)
            h.curve((side * 7, -6), (side * 16, -10 if not sad else -4), (side * 25, -5))
            h.ring(side * 24, 12, 5, 4)
        h.curve((-2, -6), (-4, 10), (3, 12))
        if sad:
            h.curve((-10, 30), (0, 24), (10, 30))
            h.curve((24, -2), (26, 6), (23, 10))
        else:
            h.blob((-9, 24), (0, 27), (9, 24), (0, 31))
    for x in (70, 250):
        h.curve((160 + (x - 160) * 0.42, 52), (x, 30), (x + (x - 160) * 0.2, 66))


# Animals.

def coat(h):
    """What tells one cat from another."""
    kind = h.rng.choice(("stripes", "patches", "collar", "socks"))
    if kind == "stripes":
        for x in (164, 174, 184):
            h.curve((x, 68), (x + 4, 75), (x + 2, 83))
        for x in (126, 132, 138):
            h.line((x, 22), (x, 29))
    elif kind == "patches":
        h.spot(176, 84, 9)
        h.spot(190, 100, 6)
        h.spot(114, 30, 6)
    elif kind == "collar":
        with h.with_pen(MIDDLE):
            h.curve((112, 68), (132, 74), (154, 67))
        h.ring(133, 79, 4)
        h.dot(133, 81)
    else:
        with h.with_pen(THICK):
            for x in (125, 142):
                h.line((x - 3, 110), (x + 3, 110))


@picture
def cat(h, eyes="open"):
    cat_head(h, 132, 44, 1.3, eyes)
    h.curve((112, 68), (96, 96), (102, 114), (178, 115), (204, 106), (196, 76), (160, 64))
    if h.rng.random() < 0.5:
        h.curve((200, 106), (236, 112), (248, 88), (236, 74), (230, 84))
    else:
        h.curve((198, 82), (222, 70), (220, 40), (234, 24), (244, 34))
    h.line((126, 96), (126, 114))
    h.line((144, 96), (144, 114))
    coat(h)
    for side in h.rng.sample((40, 66, 262, 286), 2):
        grass(h, side, 114)


@picture
def cat_asleep(h):
    h.curve((92, 108), (76, 84), (104, 56), (160, 50), (214, 60), (236, 90), (222, 110), (92, 108))
    cat_head(h, 112, 84, 0.95, "shut")
    h.curve((222, 108), (190, 116), (150, 113), (138, 102), (152, 97), (178, 104))
    for x, y, r in ((176, 38, 5), (192, 24, 7), (214, 9, 8)):
        h.line((x, y), (x + r, y), (x, y + r), (x + r, y + r))


@picture
def cat_on_lamp(h):
    lantern(h, 160, 62, 1.2)
    h.line((60, 62), (260, 60))
    cat_head(h, 160, 26, 0.75, "happy")
    h.curve((146, 38), (138, 52), (140, 61))
    h.curve((174, 38), (184, 52), (180, 61))
    h.curve((180, 56), (206, 54), (214, 34), (204, 26))
    for x, y in ((60, 28), (262, 30), (238, 88), (80, 92)):
        star(h, x, y, 6)


@picture
def three_cats(h):
    for x, size, eyes in ((70, 1.0, "happy"), (160, 1.25, "open"), (252, 0.95, "shut")):
        cat_head(h, x, 62, size, eyes)
    with h.with_pen(MIDDLE):
        h.line((12, 100), (308, 98))
    for x in (60, 84, 148, 174, 242, 264):
        h.arc(x, 97, 7, 6, 180, 360)


@picture
def cat_back(h):
    """Somebody's cat, from behind, that looks at the moon."""
    h.ring(228, 36, 24)
    h.curve((130, 112), (118, 90), (132, 66), (134, 50), (130, 30), (140, 38), (152, 38), (162, 30),
            (160, 50), (162, 66), (176, 90), (164, 112))
    h.curve((164, 110), (190, 116), (206, 104), (200, 92), (192, 98))
    h.line((40, 113), (300, 112))
    for x in (56, 88, 262, 284):
        grass(h, x, 112)
    for x, y in ((40, 26), (88, 44), (290, 70)):
        sparkle(h, x, y, 3)


@picture
def crane(h):
    """A folded paper bird."""
    h.line((132, 70), (60, 20), (150, 48), (132, 70))
    h.line((188, 70), (256, 14), (168, 48), (188, 70))
    h.line((132, 70), (160, 100), (188, 70), (159, 58), (132, 70))
    h.line((159, 58), (160, 100))
    h.line((142, 80), (96, 58), (82, 66), (94, 66), (146, 86))
    h.line((178, 80), (238, 76), (172, 88))
    h.line((160, 100), (160, 116))
    for x, y in ((40, 92), (280, 96), (270, 40)):
        sparkle(h, x, y, 4)


@picture
def octopus(h):
    with h.at(160, 52):
        h.curve((-34, 14), (-38, -22), (0, -44), (38, -22), (34, 14))
        for k, x in enumerate((-34, -16, 2, 20, 34)):
            h.curve((x, 13), (x - 6, 30), (x + 4 * (k - 2), 42), (x + 9 * (k - 2), 50),
                    (x + 14 * (k - 2), 44))
        h.curve((-34, 14), (-24, 19), (-16, 13), (-8, 19), (2, 13), (10, 19), (20, 13), (28, 18),
                (34, 14))
        h.spot(-12, -8, 3.2)
        h.spot(12, -8, 3.2)
        h.ring(0, 3, 5)
        h.curve((-14, -36), (0, -31), (16, -35))
    for x, y, r in ((62, 40, 4), (70, 26, 2.5), (256, 52, 5), (246, 34, 3)):
        h.ring(x, y, r)


@picture
def snail(h):
    h.curve((64, 108), (110, 104), (210, 108), (240, 100), (246, 70), (236, 62), (222, 74),
            (214, 92))
    points = [(160 + (5 + 2.1 * k * 0.62) * math.cos(k * 0.42),
               66 + (4 + 2.0 * k * 0.58) * math.sin(k * 0.42))
              for k in range(46)]
    h.curve(*points[::2])
    h.line((236, 62), (230, 42))
    h.line((244, 66), (254, 46))
    h.spot(230, 40, 2)
    h.spot(255, 44, 2)
    smile(h, 238, 82, 4)
    h.line((20, 112), (300, 111))


@picture
def bird_flock(h):
    for _ in range(9):
        x, y, w = h.rng.uniform(30, 280), h.rng.uniform(14, 66), h.rng.uniform(8, 14)
        h.curve((x - w, y - 2), (x - w / 2, y - 6), (x, y), (x + w / 2, y - 6), (x + w, y - 2))
    h.arc(160, 104, 40, 40, 180, 360)
    waves(h, 106)
    waves(h, 114, 30, 290)
