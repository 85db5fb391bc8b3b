"""The ledger: an idempotency record for each job, written before money is spent.

    (none) ──begin──► REQUESTING ──note_request──► REQUESTED ──close──► CLOSED
                        │    ▲ │                    ▲                      ▲
               give_up_try   │ └──doubt──► UNKNOWN ─┴─note_request         │
                        ▼    │begin          ▲ └────close──────────────────┘
                       WAITING ──────doubt───┘

Only `begin` permits a POST, and only from nothing or from WAITING, by one conditional write. An invocation
that finds REQUESTING must not POST: before `requesting_until` another one may be in the middle of its own
POST, after it that one died and nobody knows what it sent. From UNKNOWN no POST is ever permitted again;
`note_request` leads on if Segmind's request history knows the request.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from lipdrop.jobs_table.table import JobsTable, OvertakenError, Values

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

State = Literal["WAITING", "REQUESTING", "REQUESTED", "UNKNOWN", "CLOSED"]

DAY_SECONDS = 86_400
LONGEST_LINK = 8_192
"""Characters of a result's address. An item may hold 400 kB (DynamoDB quotas), and URLs stay below this."""


class Record(Struct, frozen=True, kw_only=True):
    """A job's item. Times are epoch seconds; "" and 0 stand for what has not happened yet.

    `link` is the address of the result, and may be all that is needed to fetch it: `repr` leaves it out, so
    that no log or traceback holds it. `promised_at`: when the last POST was promised; `asked_since`: when the
    first POST was promised whose request may exist although no id came back; `doubt_since` and `doubt`: since
    when, and why, nobody knows whether it does. `errors`: how many POSTs were answered 500 or 502.
    `account_since`: since when this job has met account errors without another job getting through;
    `strikes`: how often another one did.
    `upload_key` and `upload_id` name the multipart upload of the last run of finalize.
    `corrected_at`: when the message that corrects a last resort went out.
    """

    id: str
    state: State
    job: str = ""
    attempt: str = ""
    promised_at: float = 0
    requesting_until: float = 0
    asked_since: float = 0
    doubt_since: float = 0
    doubt: str = ""
    account_since: float = 0
    strikes: int = 0
    tries: int = 0
    errors: int = 0
    request_id: str = ""
    posted_at: int = 0
    expected_seconds: float = 0
    polls: int = 0
    status: str = ""
    link: str = ""
    upload_key: str = ""
    upload_id: str = ""
    notification: str = ""
    closed_at: float = 0
    notified_at: float = 0
    corrected_at: float = 0
    expires_at: int = 0

    def __repr__(self) -> str:
        """Name the job, its state and its request, nothing that is secret or long."""
        return f"Record(id={self.id!r}, state={self.state!r}, request_id={self.request_id!r})"


class Ledger:
    """The job items of the Jobs table. Every method is one request, unless it says otherwise.

    `record_days`: how long an item outlives its last promise; DynamoDB removes it by `expires_at`.
    """

    def __init__(self, client: "DynamoDBClient", table: str, record_days: int) -> None:
        self._items = JobsTable(client, table)
        self._record_seconds = record_days * DAY_SECONDS

    def get_record(self, job_id: str) -> Record | None:
        """Return the job's record as it is now (a consistent read), None where there is none."""
        item = self._items.get_item(job_id, consistent=True)
        return msgspec.convert(item, Record) if item else None

    def begin(self, job_id: str, job_json: str, attempt: str, *, now: float, until: float) -> Record:
        """Reserve the right to POST and return the record; it succeeded if `record.attempt == attempt`.

        `attempt` is a fresh word for every invocation, so that a write that botocore repeats because its
        answer was lost is still recognised. `until`: when the caller will surely have stopped.
        """
        values: Values = {
            ":requesting": "REQUESTING",
            ":waiting": "WAITING",
            ":job": job_json,
            ":attempt": attempt,
            ":now": now,
            ":until": until,
            ":one": 1,
            ":expires": self._expiry(now),
        }
        promise = (
            "SET #state = :requesting, #job = :job, #attempt = :attempt, "
            "#promised_at = :now, #requesting_until = :until, #expires_at = :expires ADD #tries :one"
        )
        condition = "attribute_not_exists(#state) OR #state = :waiting"
        try:
            item = self._items.update(job_id, promise, condition, values)
        except OvertakenError as overtaken:
            item = overtaken.item
        return msgspec.convert(item, Record)

    def give_up_try(
        self, job_id: str, attempt: str, *, errors: int = 0, may_exist: bool = False, **known: float
    ) -> None:
        """Take the promise back: this POST was answered and not accepted, another may follow.

        `errors` as in `Record`. `may_exist`: the answer came from a server in trouble, so the request history
        is asked before the next POST. `known`: further numbers of `Record` to write. A promise that is not
        `attempt`'s stays as it is.
        """
        update = "SET #state = :waiting, #errors = :errors"
        if may_exist:
            update += ", #asked_since = if_not_exists(#asked_since, #promised_at)"
        update += "".join(f", #{name} = :{name}" for name in known)
        values: Values = {":waiting": "WAITING", ":errors": errors, ":attempt": attempt}
        values |= {":requesting": "REQUESTING"} | {f":{name}": number for name, number in known.items()}
        with suppress(OvertakenError):
            self._items.update(job_id, update, "#attempt = :attempt AND #state = :requesting", values)

    def doubt(self, job_id: str, attempt: str, why: str, now: float) -> Record:
        """Write down that `attempt` or one before it may have been accepted; return the record.

        From then on no POST is permitted for this job. A job whose last attempt is another one, or that was
        asked for or closed, stays as it is.
        """
        update = (
            "SET #state = :unknown, #doubt = :why, #doubt_since = :now, "
            "#asked_since = if_not_exists(#asked_since, #promised_at)"
        )
        condition = "#attempt = :attempt AND (#state = :requesting OR #state = :waiting)"
        values: Values = {":unknown": "UNKNOWN", ":why": why, ":now": now, ":attempt": attempt}
        values |= {":requesting": "REQUESTING", ":waiting": "WAITING"}
        try:
            item = self._items.update(job_id, update, condition, values)
        except OvertakenError as overtaken:
            item = overtaken.item
        return msgspec.convert(item, Record)

    def note_request(
        self, job_id: str, attempt: str, *, request_id: str, posted_at: int, expected_seconds: float
    ) -> Literal["REQUESTED", "CLOSED"] | None:
        """Write down the id of a request that was paid for; return the record's state, None if unwritten.

        Never raises, as its caller must return the id whatever happens here: it tries twice in addition
        to botocore's own retries. A record that was closed meanwhile (an execution stopped by hand) still
        gets the id, and stays closed.
        """
        known = "SET #request_id = :id, #posted_at = :posted, #expected_seconds = :expected"
        values: Values = {
            ":id": request_id,
            ":posted": posted_at,
            ":expected": expected_seconds,
            ":attempt": attempt,
        }
        requested = f"{known}, #state = :state", "#attempt = :attempt AND #state <> :closed"
        requested_values: Values = {**values, ":state": "REQUESTED", ":closed": "CLOSED"}
        late = known, "#attempt = :attempt"
        for _ in range(2):
            if self._attempted(job_id, *requested, requested_values):
                return "REQUESTED"
        return "CLOSED" if self._attempted(job_id, *late, values) else None

    def note_owner(self, request_id: str, job_id: str, now: float) -> bool:
        """Write down whose request this is, in an item of its own; never raises.

        Only for jobs whose links do not name them: the request history then shows rows that could be theirs.
        """
        update, values = "SET #job_id = :job, #expires_at = :expires", {":job": job_id}
        return self._attempted(
            f"#request:{request_id}", update, "", {**values, ":expires": self._expiry(now)}
        )

    def owner(self, request_id: str) -> str:
        """Return the job whose request this is, "" if no job of this stack is known to own it."""
        return str(self._items.get_item(f"#request:{request_id}", consistent=True).get("job_id", ""))

    def note_poll(self, job_id: str, status: str, polls: int) -> bool:
        """Write down what the last look saw, for people who look at the table; True when it is written.

        Never raises: a job that was paid for does not fail because its picture could not be updated.
        """
        update = "SET #status = :status, #polls = :polls"
        values: Values = {":status": status, ":polls": polls}
        return self._attempted(job_id, update, "attribute_exists(#state)", values)

    def note_link(self, job_id: str, url: str) -> bool:
        """Write down where the result can be fetched, as Segmind forgets it after an hour; True when written.

        Never raises: the download itself is more important. A longer address than DynamoDB should carry is
        left out.
        """
        if len(url) > LONGEST_LINK:
            return False
        return self._attempted(job_id, "SET #link = :link", "attribute_exists(#state)", {":link": url})

    def note_upload(self, job_id: str, key: str, upload_id: str) -> bool:
        """Write down the multipart upload that this run began, so that the next run can end it.

        Never raises: what stays unknown is removed by the bucket's lifecycle rule.
        """
        update = "SET #upload_key = :key, #upload_id = :upload"
        values: Values = {":key": key, ":upload": upload_id}
        return self._attempted(job_id, update, "attribute_exists(#state)", values)

    def close(self, job_id: str, notification_json: str, now: float) -> str:
        """Decide the job and return the notification that counts: the stored one if it was decided before.

        Works without an item too (a refused drop has none). A closed job is never requested again.
        """
        values: Values = {
            ":closed": "CLOSED",
            ":notification": notification_json,
            ":now": now,
            ":expires": self._expiry(now),
        }
        update = (
            "SET #state = :closed, #notification = :notification, #closed_at = :now, #expires_at = :expires"
        )
        try:
            self._items.update(job_id, update, "attribute_not_exists(#notification)", values)
        except OvertakenError as overtaken:
            return str(overtaken.item["notification"])
        return notification_json

    def mark_notified(self, job_id: str, now: float) -> bool:
        """Write down that the notification is out, and when it went out first; True when it is written.

        Never raises: unwritten it costs a repeat with the same id, raised it would have the state machine
        tell of a failure that was none.
        """
        update = "SET #notified_at = if_not_exists(#notified_at, :now)"
        return self._attempted(job_id, update, "attribute_exists(#state)", {":now": now})

    def mark_corrected(self, job_id: str, now: float) -> bool:
        """Write down that the message which corrects a last resort is out; never raises."""
        update = "SET #corrected_at = if_not_exists(#corrected_at, :now)"
        return self._attempted(job_id, update, "attribute_exists(#state)", {":now": now})

    def _attempted(self, job_id: str, update: str, condition: str, values: Values) -> bool:
        """Update, and never raise; whether it was done."""
        with suppress(Exception):
            self._items.update(job_id, update, condition, values)
            return True
        return False

    def _expiry(self, now: float) -> int:
        return int(now) + self._record_seconds
