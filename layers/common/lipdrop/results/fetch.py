"""One attempt at a result: find its bytes, copy and verify them, and remember what the next run needs."""

from collections.abc import Callable

import msgspec
import requests
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from lipdrop.download.errors import SourceError
from lipdrop.download.http_source import STALL_SECONDS, DownloadSource, LinkSource, StreamSource
from lipdrop.media.probe import ProbeResult
from lipdrop.media.range_reader import RangeReader
from lipdrop.model.job import Job, MediaFacts, Metrics
from lipdrop.results.copy_limits import Limits
from lipdrop.results.misses import Miss, missed, not_stored
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo, header_safe, video_key
from lipdrop.results.transfer import CopyReport, Target, copy
from lipdrop.results.verification import oddities, verified
from lipdrop.segmind.errors import InferenceFailed, SegmindError
from lipdrop.segmind.result_body import Link, Stream


class Earlier(Struct, frozen=True, kw_only=True):
    """What earlier runs of finalize left in the ledger: the result's address and an unfinished upload.

    `repr` hides the address: a signature in it may be all that is needed to fetch the result.
    """

    link: str = ""
    upload_key: str = ""
    upload_id: str = ""

    def __repr__(self) -> str:
        """Name the upload only."""
        return f"Earlier(upload_key={self.upload_key!r})"


class StoredResult(Struct, frozen=True, kw_only=True):
    """A video at its place: what it is, how it was copied (None: an earlier run had stored it)."""

    video: StoredVideo
    media: MediaFacts
    warnings: tuple[str, ...] = ()
    way: CopyReport | None = None
    metrics: Metrics = Metrics()


class FetchParts(Struct, frozen=True, kw_only=True):
    """What a fetch is made with.

    `result` fetches a request's body from Segmind, `session` (from `lipdrop.download.ssrf_guard`) the link
    in it, `probe` reads a video's tracks. `note_link` and `note_upload` are the ledger's and never raise.
    """

    result: Callable[[str], Link | Stream]
    session: requests.Session
    results: ResultsBucket
    probe: Callable[[RangeReader], ProbeResult]
    note_link: Callable[[str, str], object]
    note_upload: Callable[[str, str, str], object]
    trusted_base_url: str
    stall_seconds: float = STALL_SECONDS


class Fetch:
    """One job's result under way: where it comes from, where it goes, and what is known of it by now."""

    def __init__(self, parts: FetchParts, job: Job, request_id: str, earlier: Earlier) -> None:
        self._parts = parts
        self._job = job
        self._request_id = request_id
        self._link = earlier.link
        self._left_over = earlier
        self._expected = job.estimate.output_seconds if job.estimate else None
        self._metadata = {"job-id": job.job_id, "request-id": header_safe(request_id)}

    def attempt(self, limits: Limits) -> StoredResult | Miss:
        """Return the stored video, or why this attempt brought none."""
        try:
            self._end_left_over()
            return self._already() or self._fetch(limits)
        except (SourceError, SegmindError) as trouble:
            return missed(trouble, linked=bool(self._link))
        except (ClientError, BotoCoreError) as trouble:
            return not_stored(trouble, self._parts.results.bucket, linked=bool(self._link))

    def body(self) -> Link | Stream:
        """Return the result's body or address: from Segmind, else the address that is remembered."""
        try:
            body = self._parts.result(self._request_id)
        except InferenceFailed:
            raise
        except SegmindError:
            if not self._link:
                raise
            return Link(url=self._link)
        if isinstance(body, Link) and body.url != self._link:
            self._link = body.url
            self._parts.note_link(self._job.job_id, body.url)
        return body

    def source(self, body: Link | Stream) -> DownloadSource:
        """Return where the bytes come from."""
        if isinstance(body, Stream):
            return StreamSource(body.response)
        return LinkSource(
            self._parts.session,
            body.url,
            trusted_base_url=self._parts.trusted_base_url,
            stall_seconds=self._parts.stall_seconds,
        )

    def target(self) -> Target:
        """Return where the video goes."""

        def began(key: str, upload_id: str) -> None:
            self._parts.note_upload(self._job.job_id, key, upload_id)

        return Target(name=self._job.name, metadata=self._metadata, began=began)

    def _fetch(self, limits: Limits) -> StoredResult:
        """Fetch the body anew (a link may have died), and copy it to its place."""
        body = self.body()
        copied = copy(
            self.source(body),
            self._parts.results,
            self.target(),
            lambda passed: verified(passed, self._parts.probe, self._expected),
            limits,
        )
        return StoredResult(
            video=copied.video,
            media=copied.verified.media,
            warnings=copied.verified.warnings,
            way=copied.way,
            metrics=body.metrics,
        )

    def _already(self) -> StoredResult | None:
        """Return the video that an earlier run of finalize stored for this request, if there is one.

        It was verified before it became visible, so its tracks are read only for the message.
        """
        results = self._parts.results
        for key in dict.fromkeys((video_key(self._job.name), self._left_over.upload_key)):
            video = results.find(key) if key else None
            if video and self._metadata.items() <= video.metadata.items():
                return self._seen_again(video)
        return None

    def _seen_again(self, video: StoredVideo) -> StoredResult:
        def fetch(start: int, length: int) -> bytes:
            return self._parts.results.read_range(video.key, start, length)

        media = self._parts.probe(RangeReader(fetch, video.size)).media
        warnings = oddities(media, video.key.rpartition(".")[2], self._expected)
        return StoredResult(video=video, media=media, warnings=warnings)

    def _end_left_over(self) -> None:
        """End the upload that a killed run of this very job left; those of other jobs are theirs."""
        left = self._left_over
        if left.upload_id:
            self._parts.results.abort(left.upload_key, left.upload_id)
            self._left_over = msgspec.structs.replace(left, upload_id="")
