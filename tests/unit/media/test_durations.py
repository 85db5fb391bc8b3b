"""Measured lengths, held against a full decode: of files whose headers are right, missing, old and wrong."""

import re
import sys
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipdrop.drops.refusal import DropRefusedError
from lipdrop.media.container import identify
from lipdrop.media.durations import INDEXED, METERS, measure
from lipdrop.media.endings import ENDINGS_BY_CONTAINER
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import ProbeResult, probe
from lipdrop.media.range_reader import BLOCK_BYTES, RangeReader
from lipdrop.media.tags import leading_tags
from lipdrop.submit.preflight import Role, check, length
from local.sample_media import drops as media
from local.sample_media.encode import decoded_seconds
from tests.support.drop_world import SETTINGS
from tests.support.media_recipes import CUT_OFF, VIDEOS, VOICES, Recipe

RECIPES: list[tuple[str, Role, Recipe]] = [
    *((name, "voice", recipe) for name, recipe in VOICES.items()),
    *((name, "video", recipe) for name, recipe in VIDEOS.items()),
]


@pytest.fixture(scope="module")
def parser() -> Iterator[MediaInfoPool]:
    with MediaInfoPool() as made:
        yield made


def ranged(body: bytes) -> RangeReader:
    return RangeReader(lambda start, length: body[start : start + length], len(body))


def seen(body: bytes, parser: MediaInfoPool) -> ProbeResult:
    return probe(ranged(body), parser)


def test_the_corpus_is_large_enough() -> None:
    assert len(RECIPES) >= 60


@pytest.mark.parametrize(("name", "role", "recipe"), RECIPES, ids=[recipe[0] for recipe in RECIPES])
def test_a_length_is_that_of_a_full_decode(
    name: str, role: Role, recipe: Recipe, parser: MediaInfoPool
) -> None:
    body = recipe()
    decoded = decoded_seconds(body, "audio" if role == "voice" else "video")

    told = seen(body, parser)

    assert decoded > 0.5
    assert length(told, role) == pytest.approx(decoded, abs=0.1, rel=0.01)
    assert not told.truncated
    assert not told.unfinished
    assert told.picture if role == "video" else told.sound


def test_what_looks_like_a_track_in_the_random_id_of_a_track_is_none(parser: MediaInfoPool) -> None:
    body = VIDEOS["webm whose voice is longer"]()
    looks = b"\xae\xd7\x81\x02\x83\x81\x02\xae"
    body = re.sub(rb"\x73\xc5\x88.{8}", lambda _: b"\x73\xc5\x88" + looks, body, flags=re.DOTALL)

    assert looks in body
    assert length(seen(body, parser), "video") == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("recipe", CUT_OFF.values(), ids=CUT_OFF)
def test_a_file_that_ends_too_early_is_noticed(recipe: Recipe, parser: MediaInfoPool) -> None:
    told = seen(recipe(), parser)

    assert told.truncated or told.unfinished


CONTAINERS = st.sampled_from(sorted({*METERS, *INDEXED}))
SAMPLES = [
    (name, recipe) for name, _, recipe in RECIPES if "MB" not in name and "fragments of 1 s" not in name
]


@settings(deadline=None)
@given(CONTAINERS, st.binary(max_size=3000))
def test_noise_breaks_no_parser(container: str, body: bytes) -> None:
    told = measure(ranged(body), container)

    assert told.seconds is None or told.seconds > 0


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(SAMPLES),
    CONTAINERS,
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=9)), max_size=30),
    st.floats(0, 1),
)
def test_damage_breaks_no_parser(
    sample: tuple[str, Recipe],
    container: str,
    matching: bool,
    wounds: list[tuple[float, bytes]],
    kept: float,
) -> None:
    body = bytearray(sample[1]()[:200_000])
    for place, bytes_ in wounds:
        at = int(place**3 * len(body))
        body[at : at + len(bytes_)] = bytes_
    file = ranged(bytes(body[: int(len(body) * kept**0.2)]))
    own = identify(sample[1]()[:BLOCK_BYTES])

    told = measure(file, own if matching and own else container)

    assert told.seconds is None or 0 < told.seconds < float("inf")


@pytest.mark.parametrize("container", METERS)
def test_pieces_of_any_size_give_the_same(container: str) -> None:
    by_container = {"MPEG Audio": "mp3", "ADTS": "aac", "FLAC": "flac", "Ogg": "opus"}
    body = VOICES[f"{by_container[container]} with garbage behind"]()
    whole, pieces = METERS[container](), METERS[container]()

    whole.feed(body)
    for start in range(0, len(body), 977):
        pieces.feed(body[start : start + 977])

    assert pieces.finish() == whole.finish()


LIARS = [
    recipe
    for recipe in RECIPES
    if any(mark in recipe[0] for mark in ("says less", "M5", "L3", "D7", "all say 1"))
]


@pytest.mark.parametrize(("name", "role", "recipe"), LIARS, ids=[liar[0] for liar in LIARS])
def test_limits_hold_whatever_the_header_says(
    name: str, role: Role, recipe: Recipe, parser: MediaInfoPool
) -> None:
    told = seen(recipe(), parser)
    ending = ENDINGS_BY_CONTAINER[role][told.container]

    with pytest.raises(DropRefusedError) as refused:
        check(told, f"clip.{ending}", role, msgspec.structs.replace(SETTINGS, max_media_seconds=2.4))

    assert refused.value.failure.code == "MEDIA_TOO_LONG"


def _repeated(unit: bytes, size: int = 3_000_000) -> bytes:
    return unit * (size // len(unit))


HOSTILE: dict[str, tuple[str, bytes]] = {
    "headers of MP3 frames": ("MPEG Audio", _repeated(b"\xff\xfb\x90\x00")),
    "sync bytes": ("MPEG Audio", _repeated(b"\xff\xfb")),
    "tags of nothing": ("MPEG Audio", _repeated(b"ID3\3\0\0\0\0\0\0")),
    "headers of AAC frames": ("ADTS", _repeated(b"\xff\xf1\x50\x80\x01\x1f\xfc")),
    "headers of FLAC frames": (
        "FLAC",
        b"fLaC\x80\0\0\x22" + bytes(34) + _repeated(b"\xff\xf8\xc9\x18\0\xc2"),
    ),
    "metadata blocks": ("FLAC", b"fLaC" + _repeated(b"\x04\0\0\0")),
    "marks of pages": ("Ogg", _repeated(b"OggS\1")),
    "empty pages": ("Ogg", _repeated(b"OggS" + bytes(23))),
    "first pages": ("Ogg", _repeated(b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead" + bytes(11))),
    "empty boxes": ("MPEG-4", media.FTYP + _repeated(media.box(b"free"))),
    "empty tracks": ("MPEG-4", media.FTYP + media.box(b"moov", _repeated(media.box(b"trak")))),
    "fragments": ("MPEG-4", media.FTYP + _repeated(media.box(b"moof", media.box(b"traf")))),
    "clusters": ("WebM", b"\x1a\x45\xdf\xa3" + _repeated(b"\x1f\x43\xb6\x75\x80\xe7\x80")),
    "endless clusters": ("WebM", b"\x1a\x45\xdf\xa3" + _repeated(b"\x1f\x43\xb6\x75\xff\xe7\x81\1")),
    "nested lists": ("AVI", _repeated(b"RIFF\xff\xff\xff\x00AVI LIST\xff\xff\xff\x00movi")),
    "lists of records": ("AVI", b"RIFF\xff\xff\xff\x00AVI " + _repeated(b"LIST\x04\0\0\0rec ")),
    "chunks": ("Wave", b"RIFF\xff\xff\xff\x00WAVE" + _repeated(b"junk\0\0\0\0")),
}


@pytest.mark.parametrize(("container", "body"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_made_to_waste_time_takes_time_in_proportion_to_its_size(container: str, body: bytes) -> None:
    """Counted in calls, which are the same on every machine: twice the size, at most twice the calls."""

    def calls(part: bytes) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            measure(ranged(part), container)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(body[: len(body) // 8]) <= 2.2 * calls(body[: len(body) // 16]) + 2000


@given(st.binary(max_size=300))
def test_noise_breaks_no_recognition(body: bytes) -> None:
    assert identify(body) in {"", *METERS, *INDEXED}
    assert identify(b"ID3\3\0\0\0\0\0\5hello" + body) == ""
    assert 0 <= leading_tags(lambda start, length: body[start : start + length], len(body)) <= len(body)
