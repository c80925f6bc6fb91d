"""Waiting for what a server does by and by."""

import time


def wait_until(is_so, seconds=60):
    """Whether it is so in time, with a last look when that is over: a machine may stall meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        is_last = time.monotonic() >= deadline
        if is_so():
            return True
        if is_last:
            return False
        time.sleep(0.02)
