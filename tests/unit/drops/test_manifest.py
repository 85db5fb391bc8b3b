"""Manifests: what is taken, what is refused, and that the published schema says the same."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.drops.manifest import Entry, read_manifest
from lipdrop.drops.manifest_schema import PROPERTIES, SCHEMA
from lipdrop.drops.refusal import DropRefusedError

PUBLISHED = Path(__file__).parents[3] / "docs" / "manifest.schema.json"
VIDEO = "https://segmind-resources.s3.amazonaws.com/output/a741b039-UntitledVideo-ezgif.com-crop-video.mp4"
AUDIO = "https://segmind-resources.s3.amazonaws.com/output/80e96316-audio-AudioTrimmer.com.mp3"
OPTIONS = {
    "sync_mode": "bounce",
    "temperature": 0.5,
    "auto_active_speaker_detection": False,
    "occlusion_detection_enabled": False,
}
AS_PYTHON = f"""{{
    "video_url": "{VIDEO}",
    "audio_url": "{AUDIO}",
    "sync_mode": "bounce",
    "temperature": 0.5,
    "auto_active_speaker_detection": False,
    "occlusion_detection_enabled": False,
}}
"""
"""The body as Segmind's page shows it."""
AS_JSON = json.dumps({"video_url": VIDEO, "audio_url": AUDIO, **OPTIONS})


def read(content: Any, key: str = "jobs/spring/batch.json") -> list[Entry]:
    return read_manifest(json.dumps(content).encode(), key, "drop")


def job(**more: Any) -> dict[str, Any]:
    return {"video_url": VIDEO, "audio_url": AUDIO, **more}


@pytest.mark.parametrize("text", [AS_JSON, AS_PYTHON], ids=["json", "python"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_a_body_copied_from_segminds_page_is_taken_as_it_is(text: str, encoding: str) -> None:
    (entry,) = read_manifest(text.encode(encoding), "jobs/spring.json", "drop")

    assert entry == Entry(index=None, name="spring", video=VIDEO, audio=AUDIO, options=OPTIONS)


def test_keys_and_s3_addresses_of_the_drop_bucket_are_the_same() -> None:
    by_key, by_address = read(
        [
            {"video": "media/a b+ü.mp4", "audio": "fr.mp3"},
            {"video": "S3://drop/media/a b+ü.mp4", "audio": "fr.mp3"},
        ]
    )

    assert by_key.video == by_address.video == "media/a b+ü.mp4"
    assert not by_key.failure
    assert not by_address.failure


def test_results_are_named_after_the_manifest_and_the_place_in_it() -> None:
    assert [entry.name for entry in read(job())] == ["spring/batch"]
    names = [entry.name for entry in read([job(), job(name="launch/fr"), job()])]
    assert names == ["spring/batch/0001", "launch/fr", "spring/batch/0003"]


def test_a_bad_entry_does_not_stop_the_others() -> None:
    entries = read([job(), job(temperature="hot", colour="red"), 7, job(dry_run=True)])

    assert [entry.failure is None for entry in entries] == [True, False, False, True]
    assert entries[1].failure
    assert entries[1].failure.code == "INVALID_MANIFEST"
    assert entries[1].failure.message.startswith(
        'Entry 2: temperature: given "hot"; allowed: a number from 0 to 1; "colour": given "red"; allowed: o'
    )
    assert entries[3].dry_run


def test_a_name_given_twice_is_refused_where_it_comes_again() -> None:
    entries = read([job(name="é"), job(name="e\u0301"), job(name="b")])

    assert [entry.failure.message if entry.failure else "" for entry in entries] == [
        "",
        'Entry 2: name: given "e\u0301", as in Entry 1; allowed: a name of its own.',
        "",
    ]


def test_no_message_repeats_the_secrets_of_a_link() -> None:
    link = "https://user:hush@bucket.example/a.mp4?X-Amz-Signature=5ecret#" + "x" * 5000
    (entry,) = read(job(video_url=link))

    assert entry.failure
    assert 'given "https://…@bucket.example/a.mp4?…"' in entry.failure.message


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff\xfe", b"\x00", b"{", b"[[]", b"1e999999", b"9" * 5000, b'{"a": "\\ud800"}'),
        *(b"(" * 60_000, b"[" * 50 + b"]" * 50, b'{"video": {"a": [1]}}', b"__import__('os')"),
        *(b"{1: 2}", b"{'a': b'b'}", b"null", b"{**{}}", b'{"video": "\\u0000"}'),
    ],
)
def test_whatever_is_no_manifest_is_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        entries = read_manifest(data, "jobs/a.json", "drop")
    except DropRefusedError:
        return
    assert all(entry.failure for entry in entries)


@given(
    st.binary(max_size=200)
    | st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u "', max_size=200).map(str.encode)
)
def test_noise_is_refused_and_nothing_else_happens(data: bytes) -> None:
    test_whatever_is_no_manifest_is_refused_and_nothing_else_happens(data)


def test_the_published_schema_is_the_one_that_is_used() -> None:
    assert json.loads(PUBLISHED.read_text()) == SCHEMA
    jsonschema.Draft7Validator.check_schema(SCHEMA)


LINKS = (
    VIDEO,
    "HTTPS://x",
    "http://x/a",
    "https://",
    "https://u@x/a",
    "https://x/a b",
    "ftp://x",
    "",
    1,
    None,
)
KEYS: tuple[Any, ...] = (
    "a.mp4",
    "media/a.mp4",
    "s3://drop/a.mp4",
    "inbox/a.mp4",
    "/a.mp4",
    "a/",
    "https://x/a.mp4",
    "",
    1,
    [],
)
NAMES = (
    "a",
    "a/b",
    "..a",
    "a..b/c",
    ".",
    "a/..",
    "../a",
    "/a",
    "a/",
    "a//b",
    " ",
    "",
    "a\n",
    "é" * 400,
    True,
)
VALUES = {
    **dict.fromkeys(("video_url", "audio_url"), LINKS),
    **dict.fromkeys(("video", "audio"), KEYS),
    "name": NAMES,
    "sync_mode": ("loop", "remap", "LOOP", "", 1, None),
    "temperature": (0, 1, 0.5, 1.0001, -1, "0.5", True, None),
    "auto_active_speaker_detection": (True, False, 0, "true", None),
    "occlusion_detection_enabled": (True, False, 1, "no"),
    "dry_run": (True, False, "true", 0),
    "seed": (1,),
}


@given(st.fixed_dictionaries({}, optional={name: st.sampled_from(VALUES[name]) for name in VALUES}))
def test_what_the_schema_allows_is_what_is_taken(content: dict[str, Any]) -> None:
    allowed = jsonschema.Draft7Validator(SCHEMA).is_valid(content)

    assert [entry.failure is None for entry in read(content)] == [allowed]


def test_every_field_of_the_schema_was_tried() -> None:
    assert set(PROPERTIES) == set(VALUES) - {"seed"}
