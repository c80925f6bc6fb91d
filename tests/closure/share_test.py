#!/usr/bin/env python3
"""Goal: processes share the programme's pages, and at one moment they touch the same few of them.
Method: two closures of one file, a check-in with each at the same time of the programme, and what the
kernel says of their pages: which are there (pagemap), and that none was copied (smaps).
"""

import json
import os
import re
import struct
import subprocess
import time
import unittest

import support

PAGE = 4096
ROW = 512
AROUND = 16  # pages that the kernel maps around one that is asked for, where they are in memory


class Shares(support.ClosureTest):
    film_ms = 300_000  # 3000 rows, 375 pages

    def data_range(self):
        """Addresses: the file is linked statically, and lies where it says."""
        names = dict((line.split()[-1], int(line.split()[0], 16)) for line in subprocess.run(
            ["nm", self.binary], check=True, capture_output=True, text=True).stdout.splitlines()
                     if " matsuri_show_" in line)
        return names["matsuri_show_begin"], names["matsuri_show_end"]

    def pages(self, server):
        """Which pages of the data the process has, by their number, and the frame of memory of each (0
        where we may not know)."""
        begin, end = self.data_range()
        first, last = begin // PAGE, (end - 1) // PAGE
        with open(f"/proc/{server.process.pid}/pagemap", "rb") as file:
            file.seek(first * 8)
            entries = struct.unpack(f"<{last - first + 1}Q", file.read((last - first + 1) * 8))
        return {first + i: entry & ((1 << 55) - 1) for i, entry in enumerate(entries) if entry >> 63 & 1}

    def mapping(self, server):
        """The fields of smaps, in kB, of the mapping that holds the data."""
        begin, _ = self.data_range()
        fields = None
        with open(f"/proc/{server.process.pid}/smaps", encoding="ascii") as file:
            for line in file:
                if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ", line):
                    if fields is not None:
                        break
                    if int(head[1], 16) <= begin < int(head[2], 16):
                        fields = {"flags": head[3]}
                elif fields is not None and (field := re.match(r"(\w+): +(\d+) kB", line)):
                    fields[field[1]] = int(field[2])
        return fields

    def check_in(self, server, ticket, body):
        status, content = server.post(body)
        self.assertEqual((status, json.loads(content)["answer"]), (200, "ok"), content)
        # The rows that were looked at: 3 s to both sides, and the burst behind.
        row = (ticket.issued_ms - self.start_ms) // 100
        return row - 30, row + 30 + 29

    def check_in_with_both(self):
        """Two servers, and the rows that each has looked at."""
        servers = [support.Server(self, name).start() for name in ("first", "second")]
        deadline = time.monotonic() + 60
        while True:
            tickets = [server.ticket() for server in servers]
            # Of one moment, also where the machine stalls between the two.
            if tickets[1].issued_ms - tickets[0].issued_ms <= 1000:
                break
            self.assertLess(time.monotonic(), deadline, "no two tickets of one moment")
        bodies = [support.body_of(ticket, self.start_ms) for ticket in tickets]
        support.wait_for_burst(*tickets)
        return servers, [self.check_in(*parts) for parts in zip(servers, tickets, bodies)]


class ShareTest(Shares):
    def test_nothing_is_copied(self):
        servers, rows = self.check_in_with_both()
        for server, (first, last) in zip(servers, rows):
            mapping = self.mapping(server)
            self.assertEqual(mapping["flags"], "r--p")
            # Dirty are those that no disk has yet, such as all of a file that lies in memory.
            self.assertGreaterEqual(mapping["Shared_Clean"] + mapping["Shared_Dirty"],
                                    (last - first) * ROW // 1024)
            self.assertEqual(mapping["Anonymous"], 0, "a page that was copied is nobody else's")


class PagesTest(Shares):
    # In memory, where each page stands by itself: of a disk's file the kernel may keep, and map, many
    # as one, and nobody sees what was asked for.
    parent = "/dev/shm"

    def setUp(self):
        if not os.path.isdir(self.parent) or os.statvfs(self.parent).f_flag & os.ST_NOEXEC:
            self.skipTest("no programs may run from /dev/shm")
        super().setUp()

    def test_pages_of_one_moment_are_few_and_the_same(self):
        servers, rows = self.check_in_with_both()
        begin, end = self.data_range()
        rows_at = end - self.film_ms // 100 * ROW  # rows stand at the end
        pages = [self.pages(server) for server in servers]
        for (first, last), there in zip(rows, pages):
            needed = range((rows_at + first * ROW) // PAGE, (rows_at + (last + 1) * ROW - 1) // PAGE + 1)
            self.assertLessEqual(set(needed), set(there), "a page that was read is there")
            head = range(begin // PAGE, rows_at // PAGE + 1)
            for page in there:
                # Behind the data lies what all programs have.
                self.assertTrue(
                    needed[0] - AROUND < page < needed[-1] + AROUND or page < head[-1] + AROUND
                    or page > end // PAGE - AROUND,
                    f"page {page} is far from rows in {needed} and from the head in {head}")
            self.assertLess(len(there), 375 // 2)

        # The tickets are of one moment, so the rows are the same but for the time between them.
        first, second = (set(range(*pair)) for pair in rows)
        self.assertGreater(len(first & second), 60)
        both = pages[0].keys() & pages[1].keys()
        self.assertGreaterEqual(len(both), 91 * ROW // PAGE)
        for page in both:
            self.assertEqual(pages[0][page], pages[1][page], "one frame of memory for both")


if __name__ == "__main__":
    unittest.main()
