"""Where results may come from: public https hosts, connected to at the very address that was checked."""

import socket
from typing import Any

import pytest
import requests
from urllib3.util import connection

from lipdrop.download.errors import HostRefused
from lipdrop.download.ssrf_guard import check_url, is_public, new_download_session, origin, public_addresses

API = origin("https://api.segmind.example")
PUBLIC, OTHER_PUBLIC, PRIVATE = "93.184.216.34", "2606:2800:220:1::1", "10.0.0.7"


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ["https://cdn.example/a.mp4?sig=1", "https://cdn.example:8443/a.mp4"])
def test_https_is_allowed(url: str) -> None:
    check_url(url, API)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.mp4",
        "ftp://cdn.example/a.mp4",
        "file:///etc/passwd",
        "https://user:word@cdn.example/a.mp4",
        "https:///a.mp4",
        "//cdn.example/a.mp4",
        "https://cdn.example:port/a.mp4",
        "https://[::1/a.mp4",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(HostRefused):
        check_url(url, API)


def test_the_configured_origin_is_allowed_as_it_is_and_no_other_port_of_it() -> None:
    local = origin("http://127.0.0.1:8080")
    check_url("http://127.0.0.1:8080/files/1.mp4", local)
    for other in ("http://127.0.0.1:8081/", "https://127.0.0.1:8080@evil.example/", "http://127.0.0.1/"):
        with pytest.raises(HostRefused):
            check_url(other, local)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let each look-up of any name give the next of `answers`, the last one for ever."""
    left = list(answers)

    def look_up(*_: Any, **__: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_one_private_address_spoils_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC, PRIVATE])
    with pytest.raises(HostRefused, match=r"cdn\.example"):
        public_addresses("cdn.example", 443)


def connected(monkeypatch: pytest.MonkeyPatch, refusing: set[str]) -> list[str]:
    """Return the list in which every address that is connected to will be noted; none answers."""
    tried: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        tried.append(address[0])
        if address[0] in refusing:
            raise OSError("refused")
        raise TimeoutError("far enough for this test")

    monkeypatch.setattr(connection, "create_connection", connect)
    return tried


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC], [PRIVATE])
    tried = connected(monkeypatch, set())
    with pytest.raises(requests.ConnectionError):
        new_download_session("https://api.segmind.example").get("https://rebinding.example/", timeout=1)
    assert tried == [PUBLIC]


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC, OTHER_PUBLIC])
    tried = connected(monkeypatch, {PUBLIC, OTHER_PUBLIC})
    with pytest.raises(requests.ConnectionError):
        new_download_session("https://api.segmind.example").get("https://cdn.example/", timeout=1)
    assert tried == [PUBLIC, OTHER_PUBLIC]


def test_a_private_name_is_not_even_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PRIVATE])
    tried = connected(monkeypatch, set())
    with pytest.raises(HostRefused):
        new_download_session("https://api.segmind.example").get("https://metadata.example/", timeout=1)
    assert tried == []


def test_no_other_scheme_has_a_way_out() -> None:
    session = new_download_session("https://api.segmind.example")
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("http://cdn.example/")
    assert not session.trust_env
