"""Length of WMA (ASF) by the times of its first and its last packet, not by the header's play duration.

Source: Microsoft's "Advanced Systems Format (ASF) Specification", 3.2 and 5.2.
"""

from lipdrop.media.measurement import Measurement
from lipdrop.media.range_reader import Hops, RangeReader

_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
DATA_HEADER_BYTES = 50
MOST_PACKET_BYTES = 1_048_576


def measure_asf(file: RangeReader) -> Measurement:
    """Return the time from the first packet's to the end of the last. Raises what reading raises."""
    hops, head = Hops(file), file.head
    properties = head.find(_FILE)
    size = int.from_bytes(head[16:24], "little")
    packet = int.from_bytes(head[properties + 96 : properties + 100], "little") if properties > 0 else 0
    data = hops.read(size, DATA_HEADER_BYTES)
    if data[:16] != _DATA or not 0 < packet <= MOST_PACKET_BYTES:
        return Measurement()
    start = size + DATA_HEADER_BYTES
    stated, end = int.from_bytes(data[40:48], "little"), size + int.from_bytes(data[16:24], "little")
    has_end = start < end <= file.size
    there = ((end if has_end else file.size) - start) // packet
    if there < 1:
        return Measurement(cut_off=bool(stated))
    first = _packet_times(hops.read(start, 64))
    last = _packet_times(hops.read(start + (there - 1) * packet, 64))
    seconds = (last[0] + last[1] - first[0]) / 1000 if first and last else 0.0
    return Measurement(
        seconds=round(seconds, 3) if seconds > 0 else None, cut_off=stated > there and end > file.size
    )


def _packet_times(data: bytes) -> tuple[int, int] | None:
    """Return the send time and the duration of a packet, in milliseconds; None if it is damaged."""
    if not data:
        return None
    at = 1 + (data[0] & 15) if data[0] & 0x80 else 0
    flags = data[at] if at < len(data) else 0
    at += 2 + sum((0, 1, 2, 4)[flags >> shift & 3] for shift in (5, 1, 3))
    if at + 6 > len(data):
        return None
    return int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at + 4 : at + 6], "little")
