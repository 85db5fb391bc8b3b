"""A job's identity and its JSON form: S3's events and Step Functions compare both byte for byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.model.job import (
    Estimate,
    Job,
    Options,
    S3Object,
    attempt_id,
    first_attempt,
    from_plain,
    identity,
    to_json,
    to_plain,
)

NAMES = st.text(min_size=1, max_size=200)
AUDIO = S3Object(bucket="drop", key="inbox/launch/fr.mp3", version_id="v2", etag="e2", size=20)


@given(NAMES, st.lists(st.text(max_size=50), max_size=5))
def test_an_id_is_a_name_that_step_functions_accepts_whatever_the_file_is_called(
    name: str, parts: list[str]
) -> None:
    made = identity(name, *parts)

    assert re.fullmatch(r"[A-Za-z0-9-]{1,73}", made)
    assert len(attempt_id(made, 999_999)) <= 80


@given(NAMES, st.integers(2, 999_999))
def test_all_attempts_of_a_wish_have_the_same_first_id(name: str, number: int) -> None:
    first = identity(name, "wish")

    assert first_attempt(attempt_id(first, number)) == first_attempt(first) == first
    assert attempt_id(first, 1) == first


def test_a_name_that_ends_like_an_attempt_is_not_taken_for_one() -> None:
    assert first_attempt(identity("launch-2", "wish")) == identity("launch-2", "wish")


@given(
    st.lists(st.text(alphabet="ab", max_size=3), max_size=3),
    st.lists(st.text(alphabet="ab", max_size=3), max_size=3),
)
def test_other_parts_make_another_id(one: list[str], other: list[str]) -> None:
    assert (identity("fr", *one) == identity("fr", *other)) == ("\0".join(one) == "\0".join(other))


def test_the_same_job_is_the_same_bytes_however_it_was_made() -> None:
    facts = {"job_id": "fr-1", "name": "launch/fr", "audio": AUDIO, "options": Options(temperature=0.3)}
    backwards = dict(reversed(facts.items()))

    assert to_json(Job(**facts)) == to_json(Job(**backwards))  # type: ignore[arg-type]


def test_a_job_survives_the_state_machine() -> None:
    job = Job(
        job_id="fr-1",
        name="launch/fr",
        video="https://example.com/clip.mp4",
        audio=AUDIO,
        estimate=Estimate(output_seconds=4, expected_seconds=115, cost_usd=0.34),
        warnings=("One.", "Two."),
    )

    assert from_plain(to_plain(job), Job) == job


@pytest.mark.parametrize(("name", "folder"), [("fr", ""), ("launch/fr", "launch"), ("a/b/fr", "a/b")])
def test_the_folder_is_that_of_the_result(name: str, folder: str) -> None:
    assert Job(job_id="x", name=name).folder == folder
