"""What a campaign drops, and what Segmind does to each job: a pure function of seed and number of jobs.

A job's own faults depend only on the seed and on its name, so that one job can be run again without the
others and meets the same faults. Faults for all jobs (kills, AWS) are in `aws_faults` and `killer`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from local.standin.model import Fault

LARGE_SHARE = 0.04
"""Of the videos: their results are stored in several parts."""
MOST_VOICES = 4
MOST_FETCH_FAULTS = 3
"""finalize tries a wrong result four times: so many faults must never cost one."""
RESET_SECONDS = 2.0
"""When the rate limit's window ends after a 429."""

YOUNG_SECONDS = 10.0
"""How long a gateway does not know a request, or a host serves something else than the whole result."""

type Expectation = Literal[
    "COMPLETED",
    "SUBMISSION_UNKNOWN",
    "REQUEST_REJECTED",
    "INFERENCE_FAILED",
    "DEADLINE",
    "RESULT_INVALID",
]
type Trouble = tuple[int, str, Expectation, dict[str, Any]]
"""How often in a thousand, what, how the job then must end, and the fault's other fields."""

SUBMIT: tuple[Trouble, ...] = (
    (535, "", "COMPLETED", {}),
    (70, "delay", "COMPLETED", {"seconds": 1.5}),
    (40, "http", "COMPLETED", {"status": 429, "seconds": RESET_SECONDS, "times": 2}),
    (30, "http", "COMPLETED", {"status": 500}),
    (6, "http", "COMPLETED", {"status": 502}),
    (6, "http", "COMPLETED", {"status": 503}),
    (15, "http", "COMPLETED", {"status": 502, "accepted": True}),
    (10, "http", "COMPLETED", {"status": 500, "accepted": True}),
    (20, "http", "SUBMISSION_UNKNOWN", {"status": 504, "accepted": False}),
    (20, "http", "COMPLETED", {"status": 504, "accepted": True}),
    (20, "reset", "SUBMISSION_UNKNOWN", {"accepted": False}),
    (25, "reset", "COMPLETED", {"accepted": True}),
    (10, "stall", "SUBMISSION_UNKNOWN", {"seconds": 2.0, "accepted": False}),
    (12, "stall", "COMPLETED", {"seconds": 2.0, "accepted": True}),
    (3, "stall", "COMPLETED", {"accepted": True}),
    (12, "half_json", "COMPLETED", {}),
    (10, "not_json", "COMPLETED", {}),
    (10, "missing_fields", "COMPLETED", {}),
    (10, "empty", "COMPLETED", {}),
    (6, "huge", "COMPLETED", {"size": 3_000_000}),
    (20, "http", "REQUEST_REJECTED", {"status": 400, "times": None}),
    (50, "fail", "INFERENCE_FAILED", {"seconds": 0.5}),
    (20, "never", "DEADLINE", {}),
    (20, "expire", "COMPLETED", {"seconds": 0.3}),
    *((5, "other_result", "COMPLETED", {"kind": kind}) for kind in ("silent", "double", "text_behind")),
)
"""Replies that are lost after the request was accepted end as COMPLETED: the request history knows it. So
does a request that Segmind forgets early: its file is kept."""
LOOK: tuple[dict[str, Any], ...] = (
    {"what": "http", "status": 429, "seconds": RESET_SECONDS},
    *({"what": "http", "status": status} for status in (500, 502, 503, 504)),
    {"what": "http", "status": 404, "text": "default backend - 404", "younger_than": YOUNG_SECONDS},
    {"what": "reset"},
    {"what": "delay", "seconds": 1.0},
    {"what": "stall", "seconds": 2.0},
    *({"what": what} for what in ("half_json", "not_json", "missing_fields", "empty")),
    {"what": "huge", "size": 3_000_000},
    {"what": "redirect"},
)
"""Faults of a status check, or of the result's body: none of them may cost a job."""
HISTORY = (
    Fault(where="history", what="http", status=503, chance=0.1, times=None),
    Fault(where="history", what="reset", chance=0.1, times=None),
)
"""Faults of the request history, whichever job asks."""
FILE: tuple[dict[str, Any], ...] = (
    *({"what": "http", "status": status} for status in (403, 404, 500, 503)),
    *({"what": what, "offset": offset} for what in ("cut", "reset", "no_length") for offset in (1, 20_000)),
    {"what": "stall", "offset": 5_000, "seconds": 2.0},
    {"what": "reset"},
    {"what": "wrong_length", "amount": 1000},
    {"what": "wrong_length", "amount": -1000},
    {"what": "wrong_range", "amount": 100},
    *({"what": what} for what in ("new_etag", "gzip", "html", "no_ranges")),
    *({"what": what, "times": None, "younger_than": YOUNG_SECONDS} for what in ("html", "half", "empty")),
    {"what": "slow", "bytes_per_second": 200_000},
)
"""Faults of the download of a result."""
ROTTEN_SHARE = 0.01
"""Of the results that are never anything but an error page."""


@dataclass(frozen=True)
class Job:
    """One voice of a folder: where it is dropped, what will happen to it, how it must end."""

    name: str
    voice_key: str
    expected: Expectation
    troubles: tuple[Fault, ...]

    @property
    def doubtful(self) -> bool:
        """Whether Segmind itself makes its POST end without a clear answer."""
        return self.expected == "SUBMISSION_UNKNOWN"


@dataclass(frozen=True)
class Folder:
    """A video and its voices. `large`: its results are stored in several parts."""

    name: str
    large: bool
    jobs: tuple[Job, ...] = field(default=())

    @property
    def video_key(self) -> str:
        """Where the video is dropped."""
        return f"inbox/{self.name}/video.mp4"


def plan(jobs: int, seed: int, only: str = "") -> list[Folder]:
    """Return the folders of a campaign of `jobs` jobs; `only`: that job's folder, with that job alone."""
    folders: list[Folder] = []
    left = jobs
    while left:
        name = f"chaos/{len(folders) + 1:04d}"
        rng = random.Random(f"{seed} {name}")
        large = rng.random() < LARGE_SHARE
        voices = min(left, rng.randint(1, MOST_VOICES))
        names = [f"{name}/voice-{number}" for number in range(1, voices + 1)]
        folders.append(Folder(name, large, tuple(_job(voice, seed) for voice in names)))
        left -= voices
    if not only:
        return folders
    alone = [
        Folder(folder.name, folder.large, (job,))
        for folder in folders
        for job in folder.jobs
        if job.name == only
    ]
    if not alone:
        raise ValueError(f"no job {only!r} among {jobs} jobs of seed {seed}")
    return alone


def _job(name: str, seed: int) -> Job:
    """Return the job `name` with its faults, drawn by seed and name."""
    rng = random.Random(f"{seed} {name}")
    key = f"inbox/{name}.wav"

    def fault(where: str, fields: dict[str, Any]) -> Fault:
        return Fault(where=where, match=key, **fields)  # type: ignore[arg-type]  # checked by Fault itself

    _, what, expected, fields = rng.choices(SUBMIT, [trouble[0] for trouble in SUBMIT])[0]
    troubles = [fault("submit", {"what": what, **fields})] if what else []
    troubles += [fault("status", look) for look in _some(rng, LOOK, 0.3, 3)]
    spoiled = _some(rng, LOOK, 0.2, 1)
    troubles += [fault("result", body) for body in spoiled]
    if expected == "COMPLETED" and rng.random() < ROTTEN_SHARE:
        expected = "RESULT_INVALID"
        troubles.append(fault("file", {"what": "html", "times": None}))
    else:
        troubles += [fault("file", file) for file in _some(rng, FILE, 0.35, MOST_FETCH_FAULTS - len(spoiled))]
    return Job(name, key, expected, tuple(troubles))


def _some[T](rng: random.Random, things: tuple[T, ...], share: float, most: int) -> list[T]:
    """Return none of `things`, or with the probability `share` one to `most` of them."""
    struck = rng.random() < share
    count = rng.randint(1, most)
    return [rng.choice(things) for _ in range(count)] if struck else []


def copies(rng: random.Random) -> list[float]:
    """Return after how many seconds the further deliveries of one event come: one to four of them.

    Some come together, some much later, when the job may be over.
    """
    ranges: tuple[Callable[[], float], ...] = (
        lambda: 0.0,
        lambda: rng.uniform(0, 1),
        lambda: rng.uniform(1, 10),
        lambda: rng.uniform(10, 60),
    )
    return [rng.choices(ranges, [3, 4, 2, 1])[0]() for _ in range(rng.randint(1, 4))]
