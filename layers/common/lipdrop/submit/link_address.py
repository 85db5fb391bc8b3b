"""The address of a signed link without its signature: what stays the same when the link is signed again.

A link in a manifest is signed anew for each upload of the manifest, and asks for the same file. So the wish
is made of the address without the parameters that sign it. A parameter such as `Expires` is only left out
beside the signature of its family: elsewhere it may choose the file.
"""

from typing import NamedTuple
from urllib.parse import unquote


class Signature(NamedTuple):
    """One way to sign a link: the parameter that shows it, and all parameters that it adds, in lower case."""

    shown_by: str
    parameters: frozenset[str]


def _signature(shown_by: str, parameters: str) -> Signature:
    return Signature(shown_by, frozenset([shown_by, *parameters.split()]))


SIGNATURES = {
    "AWS, version 4": _signature(
        "x-amz-signature",
        "x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-security-token"
        " x-amz-region-set",
    ),
    "AWS, version 2": _signature("awsaccesskeyid", "signature expires x-amz-security-token"),
    "CloudFront": _signature("key-pair-id", "signature expires policy hash-algorithm"),
    "Google, version 4": _signature(
        "x-goog-signature",
        "x-goog-algorithm x-goog-credential x-goog-date x-goog-expires x-goog-signedheaders",
    ),
    "Google, version 2": _signature("googleaccessid", "signature expires"),
    "Google Cloud CDN": _signature("keyname", "signature expires urlprefix"),
    "Azure": _signature(
        "sig",
        "sv ss srt sr sp st se sip spr si skoid sktid skt ske sks skv saoid suoid scid sdd ses",
    ),
}
"""The query parameters of signed links, from each provider's documentation of them."""


def address(link: str) -> str:
    """Return `link` without its fragment and without the parameters of each signature that it shows."""
    place, question_mark, query = link.partition("#")[0].partition("?")
    parts = query.split("&")
    named = {_name(part) for part in parts}
    signed = (kind.parameters for kind in SIGNATURES.values() if kind.shown_by in named)
    signing = frozenset().union(*signed)
    rest = "&".join(part for part in parts if _name(part) not in signing)
    return f"{place}{question_mark}{rest}" if rest else place


def _name(part: str) -> str:
    return unquote(part.partition("=")[0]).lower()
