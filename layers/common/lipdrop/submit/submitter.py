"""From an event of the drop bucket to executions: what `submit` does.

    inbox/  a voice        its video is there ──► a job       two are there ──► refused
            a video        as for each of its voices
            anything else  refused, sidecars passed over
    jobs/   a manifest     a job for each entry

What counts is what lies in the bucket now, not what the event says: S3 delivers late, twice and in any
order, and whoever comes last sees both parts of a pair. A manifest is the exception: each version of it is
an order of its own, so the version that the event speaks of is read.

Nothing is remembered here. The name of an execution is made of the versions it is about, and Step Functions
lets each name start once.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol
from urllib.parse import unquote_plus

from msgspec import Struct

from lipdrop.drops.drop_bucket import Drop
from lipdrop.drops.manifest import FOLDER, MAX_MANIFEST_BYTES, Entry, read_manifest
from lipdrop.drops.orphans import Orphan, early_orphans, orphans
from lipdrop.drops.pairing import INBOX, classify, has_dot_part, parse
from lipdrop.drops.partner_search import Partners, Store
from lipdrop.drops.refusal import DropRefusedError
from lipdrop.model.job import Job, S3Object, to_json
from lipdrop.model.wording import how_large
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.refused_jobs import ambiguous, refused_manifest, unsupported, without_partner

AT_ONCE = 4
"""Jobs assembled at the same time: each may have a parser of 34 MiB beside the function's own 80
(benchmarks/preflight.py)."""

type DropOutcome = tuple[str, str]
"""A field of `SubmitOutput` and what to add to it."""
type Step = Callable[[], DropOutcome]


class Bucket(Store, Protocol):
    """The drop bucket; see `lipdrop.drops.drop_bucket.DropBucket`."""

    bucket: str

    def read_object(self, item: S3Object) -> bytes: ...


class SubmitOutput(Struct, frozen=True, kw_only=True):
    """Executions started now, and before, by name; keys of sidecars, and of what waits for a partner."""

    started: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Submitter(Struct, frozen=True, kw_only=True):
    """Everything `submit` needs; `start(name, input)` tells whether the execution was started now."""

    bucket: Bucket
    job_builder: JobBuilder
    start: Callable[[str, str], bool]
    at_once: int = AT_ONCE

    def submit(self, records: Iterable[Mapping[str, Any]]) -> SubmitOutput:
        """Handle the records of an S3 event. Raises an ExceptionGroup after all were tried, if any failed."""
        steps: list[Step] = []
        errors: list[Exception] = []
        for record in records:
            try:
                steps += self._steps(record)
            except Exception as error:
                errors.append(error)
        return self._run(steps, errors)

    def sweep(self, now: float) -> SubmitOutput:
        """Report drops that have waited too long for their partner at `now` (epoch seconds)."""
        listed = self.bucket.all_beginning(INBOX, subfolders=True)
        found = orphans(listed, now, self.job_builder.settings.orphan_after_hours)
        return self._run([partial(self._orphan, orphan) for orphan in found])

    def sweep_near_misses(self, now: float) -> SubmitOutput:
        """Report drops without a partner beside a file that nearly is one, at `now` (epoch seconds)."""
        found = early_orphans(self.bucket.all_beginning(INBOX, subfolders=True), now)
        return self._run([partial(self._orphan, orphan) for orphan in found])

    def _run(self, steps: Iterable[Step], errors: Iterable[Exception] = ()) -> SubmitOutput:
        """Take all steps, some at once; raises `errors` and what they raised only after the last."""
        with ThreadPoolExecutor(self.at_once) as pool:
            futures = [pool.submit(step) for step in steps]
        failed = [*errors, *(error for future in futures if (error := future.exception()))]
        if failed:
            raise BaseExceptionGroup(f"{len(failed)} steps failed, of {len(futures)} taken", failed)
        outcomes = [future.result() for future in futures]
        return SubmitOutput(
            **{
                field: tuple(value for name, value in outcomes if name == field)
                for field in SubmitOutput.__struct_fields__
            }
        )

    def _started(self, job: Job) -> DropOutcome:
        """Start the execution of `job`, unless it was started before."""
        return ("started" if self.start(job.job_id, to_json(job)) else "existing"), job.job_id

    def _steps(self, record: Mapping[str, Any]) -> list[Step]:
        bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        if bucket != self.bucket.bucket:
            raise ValueError(f"An event of the bucket {bucket}, which is not the drop bucket.")
        key, partners = unquote_plus(item["key"]), Partners(self.bucket)
        match _kind(key):
            case "manifest":
                return self._manifest(key, item.get("versionId"))
            case "voice":
                return [partial(self._voice, key, partners.videos_of(key))]
            case "video":
                if not (voices := partners.voices_of(key)):
                    return [lambda: ("waiting", key)]
                return [partial(self._voice, voice, partners.videos_of(voice)) for voice in voices]
            case "unsupported":
                return [partial(self._unsupported, key)]
            case _:
                return [lambda: ("passed_over", key)]

    def _voice(self, key: str, video_keys: list[str]) -> DropOutcome:
        """Start the job of a voice with the one video that is there now.

        The voice is looked up again after its videos: a job of versions that were never there together
        would be one that nobody asked for. If it changed, its own event is under way.
        """
        voice = self.bucket.current(key)
        videos = [video for video_key in video_keys if (video := self.bucket.current(video_key))]
        if voice is None or (videos and self.bucket.current(key) != voice):
            return "passed_over", key
        match videos:
            case []:
                return "waiting", key
            case [video]:
                return self._started(self.job_builder.pair(video, voice))
            case _:
                return self._started(ambiguous(voice, [video.object.key for video in videos]))

    def _orphan(self, orphan: Orphan) -> DropOutcome:
        drop = self.bucket.current(orphan.key)
        if drop is None:
            return "passed_over", orphan.key
        return self._started(without_partner(drop, orphan.hours, orphan.near))

    def _unsupported(self, key: str) -> DropOutcome:
        drop = self.bucket.current(key)
        return self._started(unsupported(drop)) if drop else ("passed_over", key)

    def _manifest(self, key: str, version_id: str | None) -> list[Step]:
        drop = self.bucket.current(key, version_id)
        if drop is None:
            return [lambda: ("passed_over", key)]
        try:
            entries = self._entries(drop)
        except DropRefusedError as refusal:
            job = refused_manifest(drop, refusal.failure)
            return [lambda: self._started(job)]
        return [partial(self._entry, drop.object, entry) for entry in entries]

    def _entries(self, drop: Drop) -> list[Entry]:
        item = drop.object
        if item.size > MAX_MANIFEST_BYTES:
            text = f"{item.key} has {how_large(item.size)}; allowed: {how_large(MAX_MANIFEST_BYTES)}."
            raise DropRefusedError("INVALID_MANIFEST", text)
        may_cross = self.job_builder.settings.manifests_may_cross
        return read_manifest(self.bucket.read_object(item), item.key, self.bucket.bucket, may_cross=may_cross)

    def _entry(self, manifest: S3Object, entry: Entry) -> DropOutcome:
        return self._started(self.job_builder.entry(manifest, entry, self.bucket.current))


def _kind(key: str) -> str:
    """Tell what `key` is: a kind of `lipdrop.drops.pairing`, or a manifest."""
    kind = classify(key)
    if not key.startswith(FOLDER) or kind == "sidecar" or has_dot_part(key):
        return kind
    return "manifest" if parse(key).ending == "json" else "unsupported"
