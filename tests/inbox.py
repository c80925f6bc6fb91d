"""Writes records of check-ins into an inbox file, as docs/formats/inbox.md and api/events.proto say: what a
closure does that runs as CGI.
"""

import os
import struct
import time

OK, NO_MATCH, FLAT, NO_WINDOW = 1, 2, 3, 5
CHECKIN_ATTEMPTED = 7


def _table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


TABLE = _table()


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def number_field(field, number):
    return varint(field << 3) + varint(number) if number else b""


def bytes_field(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def attempt(account, nonce, *, programme="show", window=1, campaign="festival", points=10, result=OK,
            now_ms=None):
    """One record: `account` tried to check in with the ticket `nonce` (16 bytes)."""
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    inner = (bytes_field(1, programme.encode()) + number_field(2, window)
             + bytes_field(3, campaign.encode()) + number_field(4, points) + bytes_field(5, nonce)
             + number_field(6, now_ms - 5000) + number_field(7, result) + bytes_field(8, b"terrestrial"))
    payload = bytes_field(CHECKIN_ATTEMPTED, inner)
    head = b"MIB1" + struct.pack("<I", len(payload))
    rest = struct.pack("<HHqQ16xQ8s", CHECKIN_ATTEMPTED, 0, now_ms, int(account), 0, os.urandom(8)) + payload
    return head + struct.pack("<I", crc32c(head + rest)) + rest


def append(path, record):
    """One write at the end, by whoever likes."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        assert os.write(number, record) == len(record)
    finally:
        os.close(number)
