"""The SHA-256 of whole files: read in chunks, once for the same bucket, key, ETag and size.

Two uploads are the same file only if their contents are: times, version ids and names change when somebody
touches, moves or copies a file. The digest is kept in the Jobs table, so a copy of an object onto itself
(another storage class, an archived one included) is not read again: its ETag and size are the same.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from lipdrop.model.job import S3Object


class OutOfTimeError(Exception):
    """The run ends soon: what is not done is for another run."""


class Consumer(Protocol):
    """Wants every byte of a file, in order, while it is read for its digest."""

    def feed(self, chunk: bytes) -> None: ...


class DigestStore(Protocol):
    """Where digests are kept; see `lipdrop.jobs_table.wishes.Wishes`."""

    def get_digest(self, item: S3Object) -> str: ...
    def put_digest(self, item: S3Object, digest: str) -> None: ...


class FileDigests(Struct, frozen=True, kw_only=True):
    """Digests of objects. `chunks` reads an object from its start to its end; `out_of_time` ends a run."""

    store: DigestStore
    chunks: Callable[[S3Object], Iterable[bytes]]
    out_of_time: Callable[[], bool] = lambda: False
    consumers: Callable[[S3Object], Iterable[Consumer]] = lambda _: ()

    def known(self, item: S3Object) -> str:
        """Return the digest that was kept for this bucket, key, ETag and size; "" if there is none."""
        return self.store.get_digest(item)

    def read(self, item: S3Object) -> str:
        """Read the whole of `item` and keep its digest; raises OutOfTimeError if the run ends before."""
        digest = sha256(self._timely(self.chunks(item)), self.consumers(item))
        self.store.put_digest(item, digest)
        return digest

    def _timely(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.out_of_time():
                raise OutOfTimeError
            yield chunk


def sha256(chunks: Iterable[bytes], consumers: Iterable[Consumer] = ()) -> str:
    """Return the hexadecimal SHA-256 of all `chunks`, each of which every consumer is fed."""
    digest, fed = hashlib.sha256(), tuple(consumers)
    for chunk in chunks:
        digest.update(chunk)
        for consumer in fed:
            consumer.feed(chunk)
    return digest.hexdigest()
