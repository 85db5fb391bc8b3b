"""The thirty jobs that every way of doing it gets: the same media, the same faults, the same durations.

Times are a tenth of real ones, waits, limits and retries of all contenders included.
"""

from dataclasses import dataclass

from local.standin.model import Fault, StandinSettings

SCALE = 0.1
SECONDS = 22.2
SPREAD = 0.2
SEED = 20261122
FORGOTTEN_AFTER = 120
"""Seconds after which the stand-in forgets a request: less than a scaled hour, or a job that never
finishes would keep a patient contender waiting for six minutes."""


@dataclass(frozen=True)
class Case:
    """What goes wrong with how many of the jobs; `twice`: the upload's event is delivered twice."""

    name: str
    jobs: int
    faults: tuple[Fault, ...] = ()
    twice: bool = False


CASES = (
    Case("nothing", 8),
    Case("the event comes twice", 6, twice=True),
    Case("the POST's answer is lost", 3, (Fault(where="submit", what="reset", accepted=True),)),
    Case("the POST ends in a 504", 2, (Fault(where="submit", what="http", status=504, accepted=True),)),
    Case("the POST ends in a 429", 2, (Fault(where="submit", what="http", status=429, seconds=2),)),
    Case("the POST ends in a 503", 1, (Fault(where="submit", what="http", status=503),)),
    Case("a look ends in a 503", 2, (Fault(where="status", what="http", status=503, after=1),)),
    Case("a look's connection is torn", 1, (Fault(where="status", what="reset"),)),
    Case("the download is cut", 2, (Fault(where="file", what="cut", offset=100_000),)),
    Case("Segmind fails the job", 1, (Fault(where="submit", what="fail", seconds=5),)),
    Case("Segmind forgets the job", 1, (Fault(where="submit", what="expire", seconds=10),)),
    Case("the job never finishes", 1, (Fault(where="submit", what="never", times=None),)),
)
LOST_ANSWERS = ("the POST's answer is lost", "the POST ends in a 504")


def jobs() -> dict[str, Case]:
    """Return the jobs by name, each with what goes wrong with it."""
    cases = [case for case in CASES for _ in range(case.jobs)]
    return {f"job-{number:02}": case for number, case in enumerate(cases)}


def faults() -> list[Fault]:
    """Return the rules for the stand-in: a job's media are known by its name."""
    return [
        Fault(
            where=fault.where,
            what=fault.what,
            match=f"/{name}.",
            after=fault.after,
            times=fault.times,
            accepted=fault.accepted,
            status=fault.status,
            seconds=fault.seconds,
            offset=fault.offset,
        )
        for name, case in jobs().items()
        for fault in case.faults
    ]


def behaviour(key: str) -> StandinSettings:
    """Return how the stand-in behaves for every contender."""
    return StandinSettings(
        key=key,
        processing_seconds=SECONDS,
        processing_cv=SPREAD,
        seed=SEED,
        retention_seconds=FORGOTTEN_AFTER,
    )
