"""Streaming copy from a source to the results bucket: in constant memory, without the disk.

The file is requested as one stream. What fits into one part is stored in one request, the rest goes through
`lipdrop.results.parallel_copy` into a multipart upload. Either way the content is verified before the
request that makes the video visible.
"""

import time
from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from lipdrop.download.errors import TooLarge
from lipdrop.download.http_body import PIECE_BYTES, Body
from lipdrop.download.http_source import DownloadSource
from lipdrop.results.copy_limits import Limits
from lipdrop.results.file_kind import HEAD_BYTES, MP4, file_kind, require_no_text
from lipdrop.results.head_and_tail import CopiedFile, HeadAndTail
from lipdrop.results.parallel_copy import Copying, fill
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo

VERIFY_READ_SECONDS = 20
"""For one short read while the result is verified."""


def _nothing(_key: str, _upload_id: str) -> None:
    return None


class Target(Struct, frozen=True, kw_only=True):
    """Where the video goes: `name` without an ending, which follows from the content.

    `metadata` is stored with it. `began` is called with the key and the id ("" for none) of an upload that
    the next run could not find by the name alone.
    """

    name: str
    metadata: Mapping[str, str]
    began: Callable[[str, str], object] = _nothing


class CopyReport(Struct, frozen=True, kw_only=True):
    """How a video was copied: connections used, parts that were fetched again, seconds it took."""

    method: Literal["put", "stream", "ranges"]
    connections: int
    refetched: int
    seconds: float


class Copied[T](Struct, frozen=True, kw_only=True):
    """A stored video, what its verification found, and how it was copied."""

    video: StoredVideo
    verified: T
    way: CopyReport


def copy[T](
    source: DownloadSource,
    results: ResultsBucket,
    target: Target,
    verify: Callable[[CopiedFile], T],
    limits: Limits,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Copied[T]:
    """Copy `source` to `target` and return what was stored.

    `verify` reads what was copied and raises Invalid for what must not be stored. Raises SourceError, or
    botocore's errors where S3 refuses, with nothing stored and no upload left open.
    """
    started = clock()
    with source.open() as body:
        length = body.identity.length
        if (length or 0) > limits.max_bytes:
            raise TooLarge(f"The result has {length} bytes; {limits.max_bytes} are allowed.")
        buffer = bytearray(limits.part_bytes)
        begun = _begin(body, buffer, limits, clock)
        kind = file_kind(bytes(buffer[: min(begun, HEAD_BYTES)]))
        key = f"{target.name}.{kind.ending}"
        windows = HeadAndTail(length)
        if begun == length or (length is None and begun < limits.part_bytes):
            windows.keep(0, memoryview(buffer)[:begun])
            verified = verify(_passed(source, body, windows, begun))
            if kind != MP4:
                target.began(key, "")
            video = results.put_video(key, bytes(buffer[:begun]), target.metadata, kind.content_type)
            way = CopyReport(method="put", connections=1, refetched=0, seconds=round(clock() - started, 2))
            return Copied(video=video, verified=verified, way=way)
        upload = results.begin(key, target.metadata, kind.content_type)
        target.began(key, upload.upload_id)
        try:
            copying = Copying(source, body, upload=upload, windows=windows, limits=limits, clock=clock)
            size = copying.move(buffer, begun)
            verified = verify(_passed(source, body, windows, size))
            video = upload.complete(size)
        except BaseException:
            upload.abort()
            raise
    way = CopyReport(
        method="ranges" if copying.connections > 1 else "stream",
        connections=copying.connections,
        refetched=copying.refetched,
        seconds=round(clock() - started, 2),
    )
    return Copied(video=video, verified=verified, way=way)


def _begin(body: Body, buffer: bytearray, limits: Limits, clock: Callable[[], float]) -> int:
    """Read enough to recognise the file, all of it if it is small; return how many bytes that were."""
    length = body.identity.length
    whole = limits.part_bytes if length is None else min(length, limits.part_bytes)
    begun = fill(body, buffer, filled=0, wanted=min(PIECE_BYTES, whole), limits=limits, clock=clock)
    require_no_text(bytes(buffer[: min(begun, HEAD_BYTES)]), body.content_type)
    if length is None or length <= limits.part_bytes:
        begun = fill(body, buffer, filled=begun, wanted=whole, limits=limits, clock=clock)
    return begun


def _passed(source: DownloadSource, body: Body, windows: HeadAndTail, size: int) -> CopiedFile:
    def fetch(start: int, length: int) -> bytes:
        with source.open_range(start, start + length - 1, body.identity) as part:
            data = bytearray(length)
            part.read_into(memoryview(data), within=VERIFY_READ_SECONDS)
            return bytes(data)

    return CopiedFile(
        windows=windows, length=size, whole=body.ends_clearly, fetch=fetch if body.ranges else None
    )
