"""Keep an unverified result: store what a source still gives, complete or not, under a name that says so.

For a job that fails anyway. Nobody can tell whether these bytes are of use, but they were paid for. One
plain stream is read until it ends or breaks; the content type lets no browser open the file unasked.
"""

from lipdrop.download.errors import SourceError, TooLarge
from lipdrop.download.http_body import PIECE_BYTES, Body
from lipdrop.download.http_source import DownloadSource
from lipdrop.results.copy_limits import Limits
from lipdrop.results.file_kind import HEAD_BYTES, UNKNOWN, file_kind, is_text
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo
from lipdrop.results.transfer import Target


def salvage(
    source: DownloadSource, results: ResultsBucket, target: Target, limits: Limits
) -> StoredVideo | None:
    """Store what `source` gives as `<name>.unverified.<ending>`; None for nothing, or for a page of text.

    Raises SourceError where not even a first byte comes, and TooLarge for more than `limits.max_bytes`.
    """
    with source.open() as body:
        if (body.identity.length or 0) > limits.max_bytes:
            raise TooLarge(f"The result has {body.identity.length} bytes; {limits.max_bytes} are allowed.")
        reader = _Reader(body, limits)
        part = reader.next_part()
        head = part[:HEAD_BYTES]
        if not part or is_text(head):
            return None
        key = f"{target.name}.unverified.{file_kind(head).ending}"
        if len(part) < limits.part_bytes:
            return results.put_video(key, part, target.metadata, UNKNOWN.content_type)
        return _in_parts(reader, part, results, target, key)


def _in_parts(
    reader: "_Reader", part: bytes, results: ResultsBucket, target: Target, key: str
) -> StoredVideo:
    upload = results.begin(key, target.metadata, UNKNOWN.content_type)
    target.began(key, upload.upload_id)
    size, number = 0, 0
    try:
        while part:
            number, size = number + 1, size + len(part)
            upload.send(number, bytearray(part))
            part = reader.next_part()
        return upload.complete(size)
    except BaseException:
        upload.abort()
        raise


class _Reader:
    """Reads a body part by part; one that breaks, or takes too long, ends there."""

    def __init__(self, body: Body, limits: Limits) -> None:
        self._body = body
        self._limits = limits
        self._left = limits.max_bytes
        self._ended = False

    def next_part(self) -> bytes:
        """Return the next part; a shorter one, or none, at the end."""
        part = bytearray(min(self._limits.part_bytes, self._left))
        filled = 0
        with memoryview(part) as view:
            while filled < len(part) and not self._ended:
                filled += self._read(view[filled : filled + PIECE_BYTES])
        self._left -= filled
        return bytes(part[:filled])

    def _read(self, piece: memoryview) -> int:
        try:
            received = self._body.read_into(piece, within=self._limits.part_seconds)
        except SourceError:
            received, self._ended = self._body.filled, True
        self._ended = self._ended or received < len(piece)
        return received
