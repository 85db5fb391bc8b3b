"""Digests of whole files: read once for the same bucket, key, ETag and size, and not past a run's end."""

import hashlib
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from lipdrop.model.job import S3Object
from lipdrop.submit.whole_file import FileDigests, OutOfTimeError, sha256

ITEM = S3Object(bucket="drop", key="inbox/a.mp3", version_id="v1", etag="e", size=6)


class Store:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str, int], str] = {}

    def get_digest(self, item: S3Object) -> str:
        return self.kept.get((item.bucket, item.key, item.etag, item.size), "")

    def put_digest(self, item: S3Object, digest: str) -> None:
        self.kept[item.bucket, item.key, item.etag, item.size] = digest


class Heard(list[bytes]):
    feed = list.append


def test_the_digest_is_of_all_bytes_and_every_consumer_is_fed_all_of_them() -> None:
    one, other = Heard(), Heard()

    assert sha256([b"one", b"", b"two"], [one, other]) == hashlib.sha256(b"onetwo").hexdigest()
    assert b"".join(one) == b"".join(other) == b"onetwo"


def test_a_copy_of_the_same_contents_under_the_same_key_is_not_read_again() -> None:
    digests = FileDigests(store=Store(), chunks=lambda _: [b"onetwo"])

    assert digests.known(ITEM) == ""
    read = digests.read(ITEM)

    assert digests.known(replace(ITEM, version_id="v2")) == read
    for change in ({"etag": "f"}, {"size": 7}, {"key": "inbox/b.mp3"}, {"bucket": "other"}):
        assert digests.known(replace(ITEM, **change)) == ""


def test_a_run_that_is_out_of_time_keeps_no_digest_of_half_a_file() -> None:
    seen: list[int] = []

    def chunks(_: S3Object) -> Iterator[bytes]:
        for number in range(9):
            seen.append(number)
            yield b"x"

    digests = FileDigests(store=Store(), chunks=chunks, out_of_time=lambda: len(seen) > 3)

    with pytest.raises(OutOfTimeError):
        digests.read(ITEM)
    assert (len(seen), digests.known(ITEM)) == (4, "")
