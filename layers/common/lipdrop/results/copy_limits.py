"""Limits of a parallel copy: bytes, connections, buffers and time."""

from msgspec import Struct

MIB = 1 << 20


class Limits(Struct, frozen=True, kw_only=True):
    """How the copying is done.

    `part_bytes` and `connections` are twice what a Lambda's network (about 75 MB/s) needs at 25 MB/s a
    connection. `buffers` bound the memory; a stream alone uses half of them. A stream below `enough` bytes a
    second gets more connections, as a faster one fills such a network nearly alone; its speed is measured
    after `probe_bytes`, and again from time to time. A part that takes longer than `part_seconds` has
    stalled. `ends_at`: when to give up, by the monotonic clock.
    """

    max_bytes: int
    ends_at: float = float("inf")
    part_bytes: int = 8 * MIB
    connections: int = 8
    buffers: int = 12
    enough: float = 64e6
    probe_bytes: int = 4 * MIB
    part_seconds: float = 60
    part_tries: int = 4
    part_pause: float = 0.2
