"""From a finished request to a stored video: fetch, copy, verify, and try again where that may mend it."""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import requests
from botocore.exceptions import ClientError
from msgspec import Struct

from lipdrop.download.errors import Invalid, SourceError, TooLarge
from lipdrop.download.http_source import STALL_SECONDS, DownloadSource, LinkSource, StreamSource
from lipdrop.media.probe import ProbeResult
from lipdrop.media.range_reader import RangeReader
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, MediaFacts, Metrics
from lipdrop.model.redaction import scrub
from lipdrop.results.copy_limits import Limits
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo, header_safe, is_permanent, video_key
from lipdrop.results.transfer import CopyReport, Target, copy
from lipdrop.results.verification import verified
from lipdrop.segmind.errors import Expired, InferenceFailed, ResultInvalid, SegmindError
from lipdrop.segmind.result_body import Link, Stream

PAUSES = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0, 60.0, 60.0)
"""Seconds before each further try at a result that cannot be reached: five minutes of patience."""
FETCHES = 4
"""Tries at a result that is reached and wrong, or at a bucket that refuses: more would see the same."""
WORTH: tuple[tuple[type[SourceError | SegmindError], str, int], ...] = (
    (InferenceFailed, "INFERENCE_FAILED", 1),
    (Expired, "RESULT_EXPIRED", FETCHES),
    (ResultInvalid, "RESULT_INVALID", FETCHES),
    (TooLarge, "RESULT_TOO_LARGE", 1),
    (Invalid, "RESULT_INVALID", FETCHES),
    (SourceError, "RESULT_UNREACHABLE", len(PAUSES) + 1),
    (SegmindError, "RESULT_UNREACHABLE", len(PAUSES) + 1),
)
"""What went wrong, the code it ends the job with, and how many tries it is worth; the first that fits.

A missing result was seen to be finished, and may follow its status by a moment.
"""


class StoredResult(Struct, frozen=True, kw_only=True):
    """A video that lies at its place: what it is, how it came (None: it was there already)."""

    video: StoredVideo
    media: MediaFacts
    warnings: tuple[str, ...] = ()
    way: CopyReport | None = None
    metrics: Metrics = Metrics()


class Storer(Struct, frozen=True, kw_only=True):
    """Everything that is needed to store results.

    `result` fetches a request's body from Segmind, `session` (from `lipdrop.download.ssrf_guard`) the link in
    it, `probe` reads a video's tracks. `max_bytes` and `trusted_base_url` are the stack's parameters.
    """

    result: Callable[[str], Link | Stream]
    session: requests.Session
    results: ResultsBucket
    probe: Callable[[RangeReader], ProbeResult]
    trusted_base_url: str
    limits: Limits
    clock: Callable[[], float]
    pause: Callable[[float], None]
    stall_seconds: float = STALL_SECONDS

    def store(self, job: Job, request_id: str, ends_at: float) -> StoredResult | Failure:
        """Return the job's stored video, or why there is none; gives up at `ends_at` (epoch seconds).

        A video of this very job and request that lies there already is taken as it is. Raises what is
        neither Segmind's, the source's nor the bucket's fault, and S3's passing troubles.
        """
        outcome = self._store(job, request_id, ends_at)
        if isinstance(outcome, Failure) or outcome.video.size > self.limits.part_bytes:
            self.results.sweep(video_key(job.name))
        return outcome

    def _store(self, job: Job, request_id: str, ends_at: float) -> StoredResult | Failure:
        if kept := self._already(job, request_id):
            return kept
        pauses, misses = iter(PAUSES), Counter[str]()
        for number in itertools.count(1):
            outcome = self._attempt(job, request_id, self._limits(number, ends_at))
            if isinstance(outcome, StoredResult):
                return outcome
            pause = max(next(pauses, math.inf), outcome.retry_at - self.clock())
            misses[outcome.failure.code] += 1
            if misses[outcome.failure.code] >= outcome.tries or self.clock() + pause >= ends_at:
                return _counted(outcome.failure, number)
            self.pause(pause)
        raise AssertionError("itertools.count ends never")

    def _limits(self, number: int, ends_at: float) -> Limits:
        """Return the limits of one try: after two that went wrong the plainest way, a single stream."""
        connections = self.limits.connections if number <= 2 else 1
        left = ends_at - self.clock()
        return msgspec.structs.replace(self.limits, ends_at=time.monotonic() + left, connections=connections)

    def _attempt(self, job: Job, request_id: str, limits: Limits) -> "StoredResult | _Miss":
        try:
            return self._fetch(job, request_id, limits)
        except (SourceError, SegmindError) as error:
            code, tries = next((code, tries) for kind, code, tries in WORTH if isinstance(error, kind))
            # Every request before the end of a rate limit's window would be one more that is refused.
            return _Miss(_failure(code, error), tries, getattr(error, "retry_at", None) or 0)
        except ClientError as refused:
            if not is_permanent(refused):
                raise
            return _Miss(_refused(refused, self.results.bucket), FETCHES)

    def _fetch(self, job: Job, request_id: str, limits: Limits) -> StoredResult:
        """Fetch the body anew (a link may have died), and copy it to its place."""
        body = self.result(request_id)
        target = Target(
            key=video_key(job.name),
            metadata={"job-id": job.job_id, "request-id": header_safe(request_id)},
        )
        expected = job.estimate.output_seconds if job.estimate else None
        copied = copy(
            self._source(body),
            self.results,
            target,
            lambda passed: verified(passed, self.probe, expected),
            limits,
        )
        return StoredResult(
            video=copied.video,
            media=copied.verified.media,
            warnings=copied.verified.warnings,
            way=copied.way,
            metrics=body.metrics,
        )

    def _source(self, body: Link | Stream) -> DownloadSource:
        if isinstance(body, Stream):
            return StreamSource(body.response)
        return LinkSource(
            self.session,
            body.url,
            trusted_base_url=self.trusted_base_url,
            stall_seconds=self.stall_seconds,
        )

    def _already(self, job: Job, request_id: str) -> StoredResult | None:
        """Return the video that an earlier run of finalize stored for this request, if there is one.

        It was verified before it became visible, so its tracks are only read for the message.
        """
        video = self.results.find(video_key(job.name))
        wanted = {"job-id": job.job_id, "request-id": header_safe(request_id)}
        if video is None or not wanted.items() <= video.metadata.items():
            return None

        def fetch(start: int, length: int) -> bytes:
            return self.results.read_range(video.key, start, length)

        return StoredResult(video=video, media=self.probe(RangeReader(fetch, video.size)).media)


class _Miss(NamedTuple):
    """A try that brought nothing: why, how many tries such a reason is worth, not before when the next."""

    failure: Failure
    tries: int
    retry_at: float = 0


def _failure(code: str, error: SourceError | SegmindError) -> Failure:
    return failure(code, str(error), stage="finalize", http_status=getattr(error, "http_status", None))


def _refused(error: ClientError, bucket: str) -> Failure:
    answer = error.response["Error"]
    message = f"The bucket {bucket} refuses the result ({answer.get('Code')}): {answer.get('Message')}"
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return failure("STORE_FAILED", scrub(message), http_status=status)


def _counted(failed: Failure, tries: int) -> Failure:
    if tries == 1:
        return failed
    return msgspec.structs.replace(failed, message=f"{failed.message} (Tried {tries} times.)")
