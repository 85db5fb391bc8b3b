"""How much, how fast and for how long a copy may run."""

from msgspec import Struct

MIB = 1 << 20


class Limits(Struct, frozen=True, kw_only=True):
    """How the copying is done.

    `part_bytes` and `connections` are what a Lambda's network (about 75 MB/s) needs at 25 MB/s a
    connection, twice over. `buffers` bound the memory; half of them are for a stream alone. A stream under
    `enough` bytes a second gets help, as a faster one fills such a network nearly alone; it is judged after
    `probe_bytes`, and then now and again. A part that takes longer than `part_seconds` has stalled.
    `ends_at`: when to give up, by the monotonic clock.
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
