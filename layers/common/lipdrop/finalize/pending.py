"""How long a paid result is waited for, and in which steps. Pure functions, times in epoch seconds.

    POST ──── record_ends ──── + 1 h ──── link_ends
      Segmind knows the request │  its file is kept, behind its link only

Nothing is final before the last of these times that can still bring the result.
"""

import math

from msgspec import Struct

from lipdrop.results.misses import Patience

FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 1800.0
GROWTH = 1.5
HOUR_SECONDS = 3600.0


class Lifetime(Struct, frozen=True, kw_only=True):
    """Until when Segmind knows the request, and until when its link is tried."""

    record_ends: float
    link_ends: float

    def until(self, patience: Patience, *, linked: bool) -> float:
        """Return how long it is worth asking again. Without a link everything ends with the record."""
        if patience == "none":
            return -math.inf
        if patience == "record" or not linked:
            return self.record_ends
        if patience == "gone":
            return min(self.record_ends + HOUR_SECONDS, self.link_ends)
        return self.link_ends

    def pause(self, now: float, waits: int, until: float) -> int:
        """Return the whole seconds to the next try, after `waits` earlier pauses.

        The pauses grow; towards the end of the record they shrink again, as a look may bring the link that
        outlives it. No pause goes on beyond the record's end or beyond `until`: a try follows right after.
        """
        usual = min(FIRST_PAUSE_SECONDS * GROWTH ** min(waits, 50), LONGEST_PAUSE_SECONDS)
        ends = until
        if now < self.record_ends:
            usual = min(usual, max((self.record_ends - now) / 2, FIRST_PAUSE_SECONDS))
            ends = min(until, self.record_ends)
        return max(1, math.ceil(min(usual, ends - now + 1)))
