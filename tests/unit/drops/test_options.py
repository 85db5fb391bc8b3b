"""Options: which of several values counts, and which are refused by name."""

import itertools

import pytest

from lipdrop.drops.options import effective
from lipdrop.drops.refusal import DropRefusedError
from lipdrop.model.job import Options

STACK = Options(sync_mode="silence", temperature=0.1)


def test_the_weightier_place_wins_and_each_option_is_chosen_alone() -> None:
    chosen = effective(
        STACK,
        {"temperature": 1},
        ("fr.mp3", {"temperature": "0.3", "sync-mode": "loop"}),
        ("video.mp4", {"sync-mode": "remap", "occlusion-detection-enabled": "true"}),
    )

    assert chosen == Options(sync_mode="loop", temperature=1, occlusion_detection_enabled=True)


@pytest.mark.parametrize(
    "given", [set(places) for n in range(4) for places in itertools.combinations("mvf", n)]
)
def test_every_combination_of_places_is_read_in_order(given: set[str]) -> None:
    manifest = {"temperature": 0.9} if "m" in given else {}
    voice = {"temperature": "0.8"} if "v" in given else {}
    video = {"temperature": "0.7"} if "f" in given else {}

    chosen = effective(STACK, manifest, ("fr.mp3", voice), ("video.mp4", video)).temperature

    assert chosen == (0.9 if manifest else 0.8 if voice else 0.7 if video else 0.1)


@pytest.mark.parametrize("name", ["sync-mode", "sync_mode", "Sync-Mode"])
def test_metadata_may_be_spelled_as_tools_spell_it(name: str) -> None:
    assert effective(STACK, {}, ("a", {name: " cut_off "})).sync_mode == "cut_off"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("TRUE", True)])
def test_booleans_are_words(text: str, value: bool) -> None:
    options = effective(STACK, {}, ("a", {"auto-active-speaker-detection": text}))

    assert options.auto_active_speaker_detection is value


def test_metadata_of_tools_is_none_of_our_business() -> None:
    assert effective(STACK, {}, ("a", {"mtime": "1", "s3cmd-attrs": "x", "temperature-unit": "K"})) == STACK


def test_a_bad_value_that_does_not_count_harms_nothing() -> None:
    assert effective(STACK, {}, ("a", {"temperature": "0"}), ("b", {"temperature": "hot"})).temperature == 0


@pytest.mark.parametrize("text", ["2", "-0.1", "nan", "inf", "0,5", "", "warm", "1e9"])
def test_a_temperature_out_of_range_is_refused_by_name(text: str) -> None:
    with pytest.raises(
        DropRefusedError, match=r"fr\.mp3: temperature: (invalid value|empty); allowed: a number from 0 to 1"
    ):
        effective(STACK, {}, ("fr.mp3", {"temperature": text}))


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(DropRefusedError) as caught:
        effective(STACK, {}, ("a.mp3", {"sync-mode": "x"}), ("b.mp4", {"occlusion-detection-enabled": "1"}))

    assert caught.value.failure.code == "INVALID_OPTION"
    assert caught.value.failure.message == (
        "a.mp3: sync-mode: invalid value; allowed: one of bounce, loop, cut_off, silence, remap. "
        "b.mp4: occlusion-detection-enabled: invalid value; allowed: true or false."
    )
