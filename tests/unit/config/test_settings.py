"""The settings that follow from several parameters."""

import pytest

from lipdrop.config.settings import read_settings

NEEDED = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": "j"}
REAL = "https://api.spotprod.segmind.com/inference-request/request-history"
PATH = "/inference-request/request-history"


@pytest.mark.parametrize(
    ("base_url", "history_url", "asked"),
    [
        ("https://api.segmind.com", REAL, REAL),
        ("https://API.Segmind.com", REAL, REAL),
        ("https://api.segmind.com", "", ""),
        ("https://api.segmind.com", "https://mirror.example/rows", "https://mirror.example/rows"),
        ("http://127.0.0.1:8300", REAL, f"http://127.0.0.1:8300{PATH}"),
        ("https://stand-in.example/", REAL, f"https://stand-in.example{PATH}"),
        ("https://segmind.com.evil.example", REAL, f"https://segmind.com.evil.example{PATH}"),
        ("http://127.0.0.1:8300", "", ""),
        ("http://127.0.0.1:8300", "http://127.0.0.1:8301/rows", "http://127.0.0.1:8301/rows"),
    ],
)
def test_only_a_stack_that_talks_to_segmind_asks_segminds_history(
    base_url: str, history_url: str, asked: str
) -> None:
    given = {"SEGMIND_BASE_URL": base_url, "SEGMIND_HISTORY_URL": history_url}
    assert read_settings(NEEDED | given).history_url == asked


def test_the_real_history_is_the_default() -> None:
    assert read_settings(NEEDED).history_url == REAL
