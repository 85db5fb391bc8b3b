"""The address of a link: the same however often it is signed, another for another file."""

import pytest

from lipdrop.submit.link_address import address

FILE = "https://host.example/a/fr%20é.mp3"
SIGNED = {
    "aws": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F{n}&X-Amz-Date={n}&X-Amz-Expires={n}"
    "&X-Amz-SignedHeaders=host&X-Amz-Security-Token={n}&X-Amz-Signature={n}",
    "aws-2": "AWSAccessKeyId=A{n}&Signature={n}&Expires={n}",
    "cloudfront": "Expires={n}&Signature={n}&Key-Pair-Id=K{n}",
    "cloudfront-policy": "Policy={n}&Signature={n}&Key-Pair-Id=K{n}",
    "google": "X-Goog-Algorithm=GOOG4&X-Goog-Credential=c{n}&X-Goog-Date={n}&X-Goog-Expires={n}"
    "&X-Goog-SignedHeaders=host&X-Goog-Signature={n}",
    "google-2": "GoogleAccessId=a{n}&Expires={n}&Signature={n}",
    "google-cdn": "Expires={n}&KeyName=k{n}&Signature={n}",
    "azure": "sv=2024-11-04&ss=b&srt=o&sp=r&se={n}&st={n}&spr=https&sig={n}",
}


@pytest.mark.parametrize("query", SIGNED.values(), ids=SIGNED.keys())
def test_a_link_that_is_signed_again_keeps_its_address(query: str) -> None:
    first, second = (f"{FILE}?{query.format(n=number)}" for number in (1, 2))

    assert address(first) == address(second) == FILE


@pytest.mark.parametrize("query", SIGNED.values(), ids=SIGNED.keys())
def test_what_chooses_the_file_stays_in_the_address(query: str) -> None:
    links = [f"{FILE}?versionId={version}&{query.format(n=1)}#t=1" for version in "ab"]

    assert [address(link) for link in links] == [f"{FILE}?versionId=a", f"{FILE}?versionId=b"]


@pytest.mark.parametrize("query", ["Expires=5", "sp=2", "Signature=x", "Policy=p", "st=1&se=2", "id=1&=&x"])
def test_a_parameter_that_signs_elsewhere_is_kept_where_nothing_is_signed(query: str) -> None:
    assert address(f"{FILE}?{query}") == f"{FILE}?{query}"


def test_a_plain_link_is_its_own_address() -> None:
    assert address(FILE) == FILE
    assert address(f"{FILE}?") == FILE
