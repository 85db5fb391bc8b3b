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


def read(content: Any, key: str = "jobs/spring.json") -> list[Entry]:
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
    assert [entry.name for entry in read(job())] == ["spring"]
    names = [entry.name for entry in read([job(), job(name="launch/fr"), job()])]
    assert names == ["spring/0001", "launch/fr", "spring/0003"]


def test_a_bad_entry_does_not_stop_the_others() -> None:
    entries = read([job(), job(temperature="hot", colour="red"), 7, job(dry_run=True)])

    assert [entry.failure is None for entry in entries] == [True, False, False, True]
    assert entries[1].failure
    assert entries[1].failure.code == "INVALID_MANIFEST"
    assert entries[1].failure.message.startswith(
        'Entry 2: temperature: given a string; allowed: a number from 0 to 1; "colour": not known; allowed: o'
    )
    assert entries[3].dry_run


def test_a_name_given_twice_is_refused_where_it_comes_again() -> None:
    entries = read([job(name="é"), job(name="e\u0301"), job(name="b")])

    assert [entry.failure.message if entry.failure else "" for entry in entries] == [
        "",
        "Entry 2: name: the same as in Entry 1; allowed: a name of its own.",
        "",
    ]


GOOD = json.dumps(job(name="good"))
SECRET = "SG_0123456789abcdef"
POISON = {
    "hex without end": ('"temperature": 0x' + "f" * 4_000, "temperature: given a number"),
    "digits without end": ('"temperature": ' + "9" * 5_000, "temperature: given a number"),
    "negative digits": ('"temperature": -' + "9" * 5_000, "temperature: given a number"),
    "huge exponent": ('"temperature": 1e999999', "temperature: given a number"),
    "not a number": ('"temperature": NaN', "temperature: given a number"),
    "infinite": ('"temperature": -Infinity', "temperature: given a number"),
    "deep lists": ('"video": ' + "[" * 50_000 + "]" * 50_000, "video: given a list"),
    "deep objects": ('"name": ' + '{"a":' * 50_000 + "1" + "}" * 50_000, "name: given an object"),
    "a bracket in a text": ('"name": "]}[{\\"/",  "x": ' + "[" * 2_000 + "]" * 2_000, "name: given a string"),
    "unknown fields": (
        ", ".join(f'"f{n}": {n}' for n in range(2_000)),
        '"f0", "f1", "f2", "f3", "f4" and 1,995 more:',
    ),
    "one field twice of many": (", ".join(f'"f{n % 39_999}": 1' for n in range(40_000)), '"f0": given twice'),
    "all fields twice": (
        ", ".join(f'"f{n % 100_000}": 1' for n in range(200_000)),
        "and 99,995 more: given twice",
    ),
    "a field of a megabyte": (f'"{"x" * 1_000_000}": 1', 'xxx…": not known'),
    "a text of a megabyte": (f'"video": "{"x" * 1_000_000}"', "video: given a string"),
    "half a character": ('"name": "\\ud800", "\\udfff": 1', '"\\udfff": not known'),
    "a line break in a text": ('"name": "a\nb"', "name: given a string"),
}
"""What one entry may hold, and a part of what is said of it. A reader that takes quadratic time, in these
sizes, does not come to its end."""


@pytest.mark.parametrize(("fields", "said"), POISON.values(), ids=POISON)
def test_one_entry_never_harms_another_and_gets_one_clear_refusal(fields: str, said: str) -> None:
    data = f'[{{"audio_url": "{AUDIO}", {fields}}}, {GOOD}]'.encode()

    bad, good = read_manifest(data, "jobs/a.json", "drop")

    assert good == Entry(index=2, name="good", video=VIDEO, audio=AUDIO)
    assert bad.failure
    assert bad.failure.message.startswith("Entry 1: ")
    assert said in bad.failure.message
    assert len(bad.failure.message) <= 2_000


@pytest.mark.parametrize("field", [*PROPERTIES, "x-api-key"])
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"https://user:{SECRET}@x.example/a",
        f"https://x.example/a?sig={SECRET} ",
        [SECRET],
        {SECRET: 1},
    ],
    ids=["text", "user", "query", "list", "object"],
)
def test_no_message_repeats_a_value(field: str, value: Any) -> None:
    (entry,) = read({**job(video_url=5), field: value})

    assert entry.failure
    assert field in entry.failure.message
    assert SECRET not in entry.failure.message


@pytest.mark.parametrize(
    "fields",
    [
        {"video": "team-b/a.mp4"},
        {"video": "s3://drop/team-b/a.mp4"},
        {"video": "a.mp4"},
        {"video": "team-a.mp4"},
        {"audio": "Team-a/a.mp3"},
        {"name": "team-b/fr"},
        {"name": "team-a"},
        {"name": "team-abc/fr"},
    ],
)
def test_a_manifest_in_a_folder_names_media_and_places_of_that_folder_only(fields: dict[str, str]) -> None:
    own = {"video": "team-a/a.mp4", "audio": "team-a/x/a.mp3", "name": "team-a/fr"}
    content = json.dumps([own, own | fields]).encode()

    good, bad = read_manifest(content, "jobs/team-a/2026/list.json", "drop")

    assert not good.failure
    assert bad.failure
    (field,) = fields
    assert f"{field}: given a" in bad.failure.message
    assert "outside team-a/; allowed: what is in team-a/" in bad.failure.message
    for key, may_cross in (("jobs/list.json", False), ("jobs/team-a/list.json", True)):
        entries = read_manifest(content, key, "drop", may_cross=may_cross)
        assert [entry.failure is None for entry in entries] == [True, "name" in fields]


def test_a_manifest_in_a_folder_places_its_results_there_unless_it_names_them() -> None:
    links = json.dumps([job(), job()]).encode()

    entries = read_manifest(links, "jobs/team-a/list.json", "drop")

    assert [(entry.name, entry.failure) for entry in entries] == [
        ("team-a/list/0001", None),
        ("team-a/list/0002", None),
    ]


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
    "aliases/a.mp4",
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
