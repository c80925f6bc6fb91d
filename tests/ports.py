"""Ports for servers of tests."""

import random
import socket


def free_port():
    """A port that a restarted server finds free again: below those that the kernel gives to clients, who
    might else hold it (a client that keeps trying a port of its own range can even connect to itself)."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
