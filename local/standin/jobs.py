"""The requests that the stand-in took on, and their way from QUEUED to an end."""

import asyncio
import logging
import math
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.standin.frames import MediaError
from local.standin.model import Counters, Fault, ResultKind, Seen, StandinSettings, Status
from local.standin.parameters import Parameters, media
from local.standin.renderer import Result, Studio

log = logging.getLogger("standin")


@dataclass
class Job:
    """One accepted request. `media` is what the fault rules know it by."""

    seen: Seen
    request_id: str
    media: str
    inputs: dict[str, Any]
    """The body of the POST as it came, signatures and all: what the history shows."""
    kind: ResultKind
    created_at: float
    expires_at: float
    file_until: float
    error: str = ""
    result: Result | None = None
    inference_time: float | None = None
    cost: float | None = None
    remaining_credits: float | None = None

    @property
    def status(self) -> Status:
        """Where the request stands."""
        return self.seen.status or "QUEUED"

    @property
    def metrics(self) -> dict[str, float]:
        """The reply's metrics: empty until the end, money only on success."""
        figures = {
            "inference_time": self.inference_time,
            "cost": self.cost,
            "remaining_credits": self.remaining_credits,
        }
        return {name: figure for name, figure in figures.items() if figure is not None}

    def age(self, now: float) -> float:
        """Return the seconds since the POST."""
        return now - self.created_at

    def result_age(self, now: float) -> float:
        """Return the seconds since the request ended, 0 while it runs."""
        return now - self.seen.completed_at if self.seen.completed_at else 0.0

    def body(self) -> dict[str, Any]:
        """Return the body of a status reply."""
        known: dict[str, Any] = {
            "request_id": self.request_id,
            "status": self.status,
            "metrics": self.metrics,
        }
        return known | ({"error": self.error} if self.status == "FAILED" else {})

    def ends(self, status: Status, now: float, started: float) -> None:
        """Set the final status, here and in what is told of it."""
        self.seen.status = status
        self.inference_time = round(now - started, 2)
        self.seen.completed_at = now if status == "COMPLETED" else None
        self.seen.charged = status == "COMPLETED"
        self.seen.error = self.error or None


class Jobs:
    """All requests of the account, each driven by a task of its own."""

    def __init__(self, studio: Studio, clock: Callable[[], float] = time.time) -> None:
        self.counters = Counters()
        self.spent = 0.0
        self._studio = studio
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(
        self,
        asked: Parameters,
        inputs: dict[str, Any],
        seen: Seen,
        settings: StandinSettings,
        fate: Fault | None,
    ) -> Job:
        """Take a request on; it is charged from here on unless it ends FAILED."""
        now = self._clock()
        kept = fate.seconds if fate and fate.what == "expire" else settings.retention_seconds
        job = Job(
            seen=seen,
            request_id=str(uuid.uuid4()),
            media=media(inputs),
            inputs=inputs,
            kind=fate.kind if fate and fate.what == "other_result" else settings.result,
            created_at=now,
            expires_at=now + kept,
            file_until=now + settings.file_seconds,
        )
        self._jobs[job.request_id] = job
        seen.request_id, seen.status, seen.charged = job.request_id, "QUEUED", True
        self.counters.accepted += 1
        self.counters.in_flight += 1
        self.counters.max_in_flight = max(self.counters.max_in_flight, self.counters.in_flight)
        task = asyncio.create_task(self._drive(job, asked, settings, fate))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def find(self, request_id: str) -> Job | None:
        """Return the request, or None when there is none (any more)."""
        job = self._jobs.get(request_id)
        return job if job and self._clock() < job.expires_at else None

    def find_file(self, name: str) -> Job | None:
        """Return the request whose result file has this name, while the file is kept."""
        job = self._jobs.get(name.partition(".")[0])
        return job if job and job.result and self._clock() < job.file_until else None

    def recorded(self, settings: StandinSettings) -> list[Job]:
        """Return the requests that the history knows by now, of any age, newest first."""
        until = self._clock() - settings.history_lag_seconds
        return [job for job in reversed(self._jobs.values()) if job.created_at <= until]

    def cancel(self) -> None:
        """Stop everything that is under way."""
        for task in self._tasks:
            task.cancel()

    async def _drive(
        self, job: Job, asked: Parameters, settings: StandinSettings, fate: Fault | None
    ) -> None:
        started = self._clock()
        try:
            if fate and fate.what == "never":
                job.seen.status = "PROCESSING"
                await asyncio.sleep(max(job.expires_at - started, 0))
                return
            work = (
                self._blocked(job, fate) if fate and fate.what == "fail" else self._made(job, asked, settings)
            )
            self._complete(job, await work, settings, started)
        except MediaError as problem:
            job.error = str(problem)
            job.ends("FAILED", self._clock(), started)
        except Exception:  # a stand-in that leaves a job hanging would hide its own mistake
            log.exception("request %s broke the stand-in", job.request_id)
            job.error = "Internal error."
            job.ends("FAILED", self._clock(), started)
        finally:
            self.counters.in_flight -= 1

    async def _made(self, job: Job, asked: Parameters, settings: StandinSettings) -> Result:
        """Return the result once it is rendered and the processing time has passed."""
        work = asyncio.create_task(
            self._studio.make(job.request_id, asked, job.kind, settings.max_input_bytes)
        )
        seconds = processing_seconds(settings, job.seen.number)
        try:
            await asyncio.sleep(seconds * settings.queued_share)
            job.seen.status = "PROCESSING"
            await asyncio.sleep(seconds * (1 - settings.queued_share))
            return await work
        finally:
            work.cancel()

    async def _blocked(self, job: Job, fate: Fault) -> Result:
        """Fail as a request does whose content is refused."""
        job.seen.status = "PROCESSING"
        await asyncio.sleep(fate.seconds)
        raise MediaError(fate.message or "The content was blocked by the safety filter.")

    def _complete(self, job: Job, result: Result, settings: StandinSettings, started: float) -> None:
        job.result = result
        job.cost = round(settings.price_per_second * result.seconds, 4)
        self.spent += job.cost
        job.remaining_credits = round(settings.credits - self.spent, 4)
        job.seen.sha256 = result.sha256
        job.ends("COMPLETED", self._clock(), started)


def processing_seconds(settings: StandinSettings, number: int) -> float:
    """Return how long request `number` takes: fixed, or lognormal with the mean and spread asked for."""
    mean, spread = settings.processing_seconds, settings.processing_cv
    if not (mean and spread):
        return mean
    sigma = math.sqrt(math.log(1 + spread**2))
    return random.Random(f"{settings.seed} {number}").lognormvariate(math.log(mean) - sigma**2 / 2, sigma)
