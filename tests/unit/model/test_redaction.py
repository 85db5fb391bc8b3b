"""What a stranger's text looks like before it may be logged, stored or sent."""

import time

import pytest

from lipdrop.model.redaction import MAX_CHARACTERS, scrub

SIGNED = "https://b.s3.amazonaws.com/in/a%20b.mp4?X-Amz-Credential=AKIAX%2F1&X-Amz-Signature=deadbeef"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("all is well", "all is well"),
        (f"could not fetch {SIGNED}.", "could not fetch https://b.s3.amazonaws.com/in/a%20b.mp4?***"),
        (f'["{SIGNED}", 404]', '["https://b.s3.amazonaws.com/in/a%20b.mp4?***", 404]'),
        ("https://h.example/p#token=deadbeef", "https://h.example/p?***"),
        ("https://user:deadbeef@h.example/p", "https://h.example/p"),
        ("GET /a?x=1&X-Amz-Signature=deadbeef HTTP", "GET /a?x=1&X-Amz-Signature=*** HTTP"),
        ("x-amz-signature%3Ddeadbeef", "x-amz-signature%3D***"),
        ('{"x-api-key": "deadbeef", "a": 1}', '{"x-api-key": "***", "a": 1}'),
        ('{\\"api_key\\":\\"deadbeef\\"}', '{\\"api_key\\":\\"***\\"}'),
        ("line\none\ttwo\x00\u2028three\u202efour", "line one two three four"),
        ("half \ud800 a character", "half a character"),
        ("  ", ""),
    ],
)
def test_secrets_and_control_characters_are_taken_out(text: str, clean: str) -> None:
    assert scrub(text) == clean


def test_a_named_secret_is_taken_out_wherever_it_stands() -> None:
    assert scrub("keySG_1key SG_1", "SG_1", "") == "key***key ***"


@pytest.mark.parametrize("padding", range(3990, 4010))
def test_a_secret_at_the_cut_is_not_left_in_half(padding: int) -> None:
    long_query = "https://h.example/?" + "q" * (padding - 30) + " "
    assert "SG_" not in scrub(long_query + "SG_0123456789", "SG_0123456789")


@pytest.mark.parametrize("text", ["a." * 500_000, "a://" * 250_000, "x-amz-" * 150_000, " " * 1_000_000])
def test_a_megabyte_of_nonsense_costs_no_time(text: str) -> None:
    start = time.perf_counter()
    assert len(scrub(text)) <= MAX_CHARACTERS
    assert time.perf_counter() - start < 2
