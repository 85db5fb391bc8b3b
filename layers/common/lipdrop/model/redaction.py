"""Make a stranger's text fit for logs, records and messages: no secrets, one line, bounded."""

import re

MAX_CHARACTERS = 500
_LONGEST_INPUT = 4000

_URL_QUERY = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,10}://[^\s?#\"'<>]*)[?#][^\s\"'<>]*")
_USERINFO = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,10}://)[^\s/@]+@")
_NAMED_SECRET = re.compile(
    r"(?i)((?:x-amz-[a-z-]+|awsaccesskeyid|signature|(?:x-)?api[_-]?key)\\?[\"']?(?:=|%3d|\s*:)\s*\\?[\"']?)"
    r"[^\s&\"'\\<>,}]+"
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def scrub(text: str, *secrets: str) -> str:
    """Return `text` on one line, at most `MAX_CHARACTERS` long, without `secrets`, URL queries or tokens.

    Presigned URLs come back in error messages ("could not fetch https://…?X-Amz-Signature=…"), sometimes
    cut or escaped, so the names of secrets count too, not only well-formed URLs.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    # Cut after the secrets are out (half a key is a secret too) and before the patterns (bounded work).
    text = _UNPRINTABLE.sub(" ", text).strip()[:_LONGEST_INPUT]
    text = _USERINFO.sub(r"\1", text)
    text = _URL_QUERY.sub(r"\1?***", text)
    text = _NAMED_SECRET.sub(r"\1***", text)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
