#!/usr/bin/env python3
# A contact sheet of drawings, as SVG on stdout: to look at what make_world.py has drawn.
#
#   tools/demo/sheet.py demo/festival.ndjson > sheet.svg

import json
import sys

COLUMNS, GAP = 5, 8
WIDTH, HEIGHT = 320, 120
PEN_WIDTHS = {1: 2, 2: 4, 3: 8}
INK, PAPER = "#2a2336", "#fffaf0"


def strokes_svg(drawing):
    for stroke in drawing["strokes"]:
        numbers = stroke["points"]
        points = [(x / 4, y / 4) for x, y in zip(numbers[0::3], numbers[1::3])]
        points += points if len(points) == 1 else []
        yield (f'<polyline points="{" ".join(f"{x},{y}" for x, y in points)}" fill="none" '
               f'stroke="{PAPER if stroke.get("eraser") else INK}" '
               f'stroke-width="{PEN_WIDTHS[stroke["pen"]]}" stroke-linecap="round" '
               'stroke-linejoin="round"/>')


def sheet(drawings):
    rows = -(-len(drawings) // COLUMNS)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{COLUMNS * (WIDTH + GAP)}" '
           f'height="{rows * (HEIGHT + GAP)}"><rect width="100%" height="100%" fill="#b9b3a8"/>')
    for index, drawing in enumerate(drawings):
        x = index % COLUMNS * (WIDTH + GAP) + GAP / 2
        y = index // COLUMNS * (HEIGHT + GAP) + GAP / 2
        yield (f'<svg x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}">'
               f'<rect width="100%" height="100%" fill="{PAPER}"/>')
        yield from strokes_svg(drawing)
        yield "</svg>"
    yield "</svg>"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        records = map(json.loads, file)
        print("\n".join(sheet([r["drawing"] for r in records if "drawing" in r])))


if __name__ == "__main__":
    main()
