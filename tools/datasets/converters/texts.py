# What people wrote, brought to what the product takes: cleaned, and cut where people would cut.

import re
import unicodedata

# The product's limits, from docs/formats/import.md.
TEXT_POINTS_MAX = 280
TEXT_SIZE_MAX = 1120
TITLE_POINTS_MAX = 128

# A cut further left than a quarter of what fits would lose more than it tidies.
CUT_SHARE_MIN = 4

# Unicode's White_Space without the controls, which are gone when this is used.
SPACES = "\n \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" \
         "\u2028\u2029\u202f\u205f\u3000"
BREAKS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
SENTENCE_END = re.compile(r"\n|[.!?…]+[\"'”’)\]]*(?=\s)|[。！？｡]+[」』）”’]*")
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
# What draws no ink though it is no white space: the product calls a text of these alone empty.
INKLESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f"
                     "\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")


def noncharacter(point):
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def clean(text):
    """Brings a text to what the product takes, without its limits of length."""
    text = BREAKS.sub("\n", text).replace("\t", " ")
    text = "".join(c for c in text
                   if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs")
                                    and not noncharacter(ord(c))))
    return unicodedata.normalize("NFC", text.strip(SPACES))


def visible(text):
    return any(not (unicodedata.category(c) in ("Cf", "Zs", "Zl", "Zp", "Cc") or INKLESS.match(c))
               for c in text)


def joins(text, border):
    """True where the border lies in a grapheme cluster, or may: says so rather too often."""
    before, after = text[border - 1], text[border]
    if unicodedata.category(after) in ("Mn", "Me", "Mc") or after in "\u200c\u200d":
        return True
    b = ord(after)
    modifier = 0x1F3FB <= b <= 0x1F3FF or 0xE0020 <= b <= 0xE007F
    head = text[:border]
    letters = border - len(head.rstrip(FLAG_LETTERS))  # Two of them make a flag.
    flag = after in FLAG_LETTERS and letters % 2 == 1
    jamo = 0x1100 <= b <= 0x11FF or 0xD7B0 <= b <= 0xD7FB or 0xA960 <= b <= 0xA97C
    return before == "\u200d" or modifier or flag or jamo


def fitting(text):
    """How many code points of the text fit into the limits."""
    size = 0
    for count, c in enumerate(text):
        size += len(c.encode())
        if count == TEXT_POINTS_MAX or size > TEXT_SIZE_MAX:
            return count
    return len(text)


def cut(text):
    """The text itself where it fits; else the longest head of it that ends with a sentence, or
    with a word, or at least not inside a character as people see it. Gives (head, how)."""
    limit = fitting(text)
    if limit == len(text):
        return text, "whole"
    least = limit // CUT_SHARE_MIN
    ends = [m.end() for m in SENTENCE_END.finditer(text, 0, limit + 1)
            if m.end() <= limit and not joins(text, m.end())]
    if ends and len(text[:ends[-1]].rstrip(SPACES)) >= least:
        return text[:ends[-1]].rstrip(SPACES), "sentence"
    spaces = [i for i in range(least, limit + 1) if text[i] in SPACES]
    if spaces:
        return text[:spaces[-1]].rstrip(SPACES), "word"
    end = limit
    while end > 1 and joins(text, end):
        end -= 1
    # A cluster longer than the limit has no border inside it: it is cut where it must be.
    return text[:end if end > 1 else limit].rstrip(SPACES), "character"


def clean_line(text, points_max):
    """A name or a title: one line, no marks that turn the direction of writing, cut hard."""
    return clean(TURNS.sub("", clean(text)).replace("\n", " "))[:points_max].rstrip(SPACES)
