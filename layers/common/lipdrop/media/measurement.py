"""What a measurement of a file has found, as opposed to what the file's header says."""

from typing import Protocol

from msgspec import Struct


class Measurement(Struct, frozen=True, kw_only=True):
    """Lengths in seconds; None where nothing could be measured.

    `cut_off`: the file ends before its own structure does. `unfinished`: its index was never written.
    `silent`: nothing can be heard; `still`: nothing moves. Both are false where that was not looked at.
    `codec` names the sound for a file in which MediaInfo found no track.
    """

    seconds: float | None = None
    picture_seconds: float | None = None
    sound_seconds: float | None = None
    frames: int | None = None
    cut_off: bool = False
    unfinished: bool = False
    silent: bool = False
    still: bool = False
    codec: str = ""


class Meter(Protocol):
    """A parser that is fed a whole file in pieces of any size; `seconds` is what it has counted so far."""

    @property
    def seconds(self) -> float: ...

    def feed(self, data: bytes) -> None: ...

    def finish(self) -> Measurement: ...


MOST_FALSE_STARTS = 500_000
"""Places that look like a frame and are none, and tags and pages without sound: a second of work. Sound has a
few; a file that is made to waste time has millions, and is given up."""
MOST_SECONDS = 100_000.0
"""More than a day: nobody will send more, so nothing is counted beyond it."""
