"""The session for Segmind cannot send twice by itself."""

import inspect

import pytest
import requests

from lipdrop.segmind.single_shot_transport import SingleShotAdapter, new_session


@pytest.mark.parametrize("url", ["https://api.segmind.com", "http://127.0.0.1:1"])
def test_no_request_is_ever_retried_by_the_libraries(url: str) -> None:
    adapter = new_session().get_adapter(url)
    assert isinstance(adapter, SingleShotAdapter)
    retries = adapter.max_retries
    assert (retries.total, retries.connect, retries.status, retries.redirect) == (0, None, None, None)
    assert not retries.is_retry("POST", 503)


def test_neither_proxies_nor_logins_nor_certificates_come_from_the_environment() -> None:
    assert not new_session().trust_env


def test_idle_connections_are_dropped_before_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    adapter = SingleShotAdapter()
    monkeypatch.setattr(adapter.poolmanager, "clear", lambda: steps.append("clear"))
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda *_args, **_kwargs: steps.append("send"))
    adapter.send(requests.Request("POST", "https://h.example/").prepare())
    assert steps == ["clear", "send"]


def test_the_hook_into_urllib3_is_still_there() -> None:
    """urllib3 means both attributes to be replaced, but a release may move them without a word."""
    pools = SingleShotAdapter().poolmanager.pool_classes_by_scheme
    assert set(pools) == {"http", "https"}
    for pool in pools.values():
        assert inspect.getmodule(pool.ConnectionCls.connect) is inspect.getmodule(SingleShotAdapter)
