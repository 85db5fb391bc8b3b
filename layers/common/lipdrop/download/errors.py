"""What can be wrong with the body of a result, sorted by what it says of it.

    SourceError
    ├── Unreachable      no connection, a stall, an HTTP error: nothing is known of the result itself
    ├── Invalid          what came cannot be the result: an error page, an empty body, a broken file
    │   ├── Truncated        fewer bytes than announced
    │   ├── Changed          another file came in the middle
    │   ├── Unrecognized     complete, and no video that MediaInfo knows
    │   ├── TextPage         a page of text, or nothing, in place of the file
    │   └── HostRefused      the link points where no result may come from
    └── TooLarge         more than the stack allows

Another fetch may help with Unreachable and Invalid, as every fetch asks Segmind for the link anew. No error
holds a URL's query.
"""

# ruff: noqa: N818  these names say what was seen; a suffix would only repeat the base class


class SourceError(Exception):
    """Base of the tree; the text is one sentence for a person."""


class Unreachable(SourceError):
    """The source did not answer properly; `http_status` is None when it did not answer at all."""

    def __init__(self, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class Invalid(SourceError):
    """The source answered with what cannot be the result."""


class Truncated(Invalid):
    """The body ended before its announced end."""


class Changed(Invalid):
    """The file behind the link is not the one whose beginning was read."""


class Unrecognized(Invalid):
    """The body is complete, and no picture is seen in it."""


class TextPage(Invalid):
    """An HTML, JSON or XML page came in place of the file, or nothing: the host is in trouble."""


class HostRefused(Invalid):
    """The link breaks the rule of `lipdrop.download.ssrf_guard`."""


class TooLarge(SourceError):
    """The result is larger than MaxResultBytes."""
