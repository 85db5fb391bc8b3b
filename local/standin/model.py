"""The stand-in's words: its settings, the faults it can be asked for, and what it tells of itself.

These are what the control surface under `/standin/` speaks in JSON, on both of its ends.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

MODEL = "sync.so-lipsync-2-pro"
SYNC_MODES = ("bounce", "loop", "cut_off", "silence", "remap")

type SyncMode = Literal["bounce", "loop", "cut_off", "silence", "remap"]
type Status = Literal["QUEUED", "PROCESSING", "COMPLETED", "FAILED"]
type Output = Literal["url", "list", "url_object", "video_object", "bytes"]
type Where = Literal["submit", "status", "result", "file", "history"]
type ResultKind = Literal["mp4", "mov", "webm", "silent", "double", "text_behind"]
"""Three containers; an mp4 without a sound track, one twice as long, one with text behind its last box."""

ANYWHERE = frozenset({"http", "delay", "stall", "reset"})
SPOILED_REPLIES = frozenset({"half_json", "not_json", "missing_fields", "empty", "huge"})
FATES = frozenset({"fail", "never", "expire", "other_result"})
SPOILED_FILES = frozenset(
    {
        *("cut", "half", "empty", "html", "wrong_length", "wrong_range", "new_etag", "gzip", "no_ranges"),
        *("no_length", "slow"),
    }
)
FAULTS: dict[Where, frozenset[str]] = {
    "submit": ANYWHERE | SPOILED_REPLIES | {"redirect"} | FATES,
    "status": ANYWHERE | SPOILED_REPLIES | {"redirect"},
    "result": ANYWHERE | SPOILED_REPLIES | {"redirect", "null_output"},
    "file": ANYWHERE | SPOILED_FILES,
    "history": ANYWHERE | SPOILED_REPLIES | {"redirect"},
}

NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


class StandinSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the stand-in behaves when nothing goes wrong. Times in seconds, money in USD."""

    key: str = "standin-key"
    processing_seconds: NotNegative = 2.0
    """Mean time from POST to COMPLETED; a rendering that takes longer lengthens it."""
    processing_cv: NotNegative = 0.0
    """Coefficient of variation of that time, which is then drawn from a lognormal distribution."""
    queued_share: Share = 0.2
    seed: int = 0
    retention_seconds: NotNegative = 3600
    """A request is forgotten so long after the POST; the history and the result file are not."""
    file_seconds: NotNegative = 604_800
    """A result file is kept so long after the POST."""
    result: ResultKind = "mp4"
    history_lag_seconds: NotNegative = 0
    """A request appears in the history so long after its POST."""
    history_body: Literal["object", "text"] = "object"
    """How the history shows a request's body: as JSON, or as a text that holds JSON."""
    history_rows: Annotated[int, Meta(ge=1)] = 1
    """Rows that the history shows for one request, as for a model with so many outputs."""
    requests_per_window: Count = 0
    """Rate limit of the account; 0 is no limit."""
    window_seconds: NotNegative = 60
    limit_gets: bool = True
    output: Output = "url"
    price_per_second: NotNegative = 0.084
    credits: float = 1000.0
    spend_limit: NotNegative = 0
    """POSTs are refused once so much was spent; 0 is no limit."""
    bytes_per_second: Count = 0
    """What one connection may take from a result file; 0 is no limit."""
    max_input_bytes: Count = 2_147_483_648


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule: where, when and how the stand-in misbehaves. The first rule that applies is used.

    A draw by `chance` depends on `seed`, on the job's media and on how often the rule met them, but not
    on the order in which jobs arrive: a campaign of concurrent jobs breaks the same way every time.
    """

    where: Where
    what: str
    """One of `FAULTS[where]`."""
    match: str = ""
    """Only for jobs in whose video's or audio's URL path this occurs."""
    after: Count = 0
    """Let so many pass first: `after=2` starts with the third POST, poll or range."""
    times: Count | None = 1
    """Apply so often; None is for ever."""
    each_job: bool = False
    """Count `after` and `times` for every pair of media by itself."""
    chance: Share = 1.0
    seed: int = 0
    younger_than: NotNegative = 0
    """Only for so many seconds; 0 is at any age. A status ages from the POST on, a result from its end on."""

    accepted: bool | None = None
    """submit: is the job made, and charged, before the reply goes wrong? None: as is usual for `what`."""
    status: int = 500
    """http: the code that is answered; redirect: 307 unless it is another 3xx."""
    message: str = ""
    """http, fail: the error's text instead of the documented one."""
    text: str = ""
    """http: the whole reply, as plain text, instead of JSON: what a gateway says by itself."""
    kind: ResultKind = "mp4"
    """other_result: what is made."""
    seconds: NotNegative = 0.0
    """delay, fail, expire: so much later; stall: then reset, 0 is an hour; http 429: to the window's end."""
    location: str = "http://redirect.invalid/"
    size: Count = 50_000_000
    """huge: bytes of the reply."""
    offset: Count = 0
    """file: bytes of this reply's body before the cut, stall or reset; no_length: 0 is uncut; half: the
    whole file is so long, 0 is half of it."""
    amount: int = 1000
    """wrong_length, wrong_range: added to the true figure."""
    bytes_per_second: Count = 0
    """slow: of this connection."""

    def __post_init__(self) -> None:
        """Refuse what cannot go wrong there."""
        if self.what not in FAULTS[self.where]:
            raise ValueError(f"{self.what!r} cannot go wrong at {self.where!r}")


class Seen(Struct, kw_only=True):
    """One POST that reached the stand-in, and what became of it. Times in epoch seconds."""

    number: int
    at: float
    body: dict[str, Any] | None
    """As received, without the queries of its URLs: they may be presigned. None: it was no JSON object."""
    answered: int | None = None
    """HTTP status of the reply; None: there was none (yet)."""
    request_id: str | None = None
    """Set as soon as a job exists, whether or not the caller was told."""
    status: Status | None = None
    charged: bool = False
    """A job exists and has not FAILED."""
    polls: list[float] = field(default_factory=list)
    results: list[float] = field(default_factory=list)
    """When the result body was asked for."""
    completed_at: float | None = None
    sha256: str | None = None
    """Of the result file."""
    error: str | None = None


class Counters(Struct, kw_only=True):
    """Totals since the start or the last reset."""

    posts: int = 0
    accepted: int = 0
    """POSTs that made a job."""
    charged: int = 0
    """Jobs that have not FAILED."""
    polls: int = 0
    results: int = 0
    histories: int = 0
    """GETs of the request history, pages and single requests."""
    files: int = 0
    """GETs of result files, each range counted."""
    limited: int = 0
    """429s given, asked-for ones included."""
    unauthorised: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    renderings: int = 0
    """Files that were really made; the rest came from the shelf."""
