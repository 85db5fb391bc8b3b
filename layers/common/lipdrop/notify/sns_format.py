"""A message as SNS takes it: subject, JSON for machines, text for mail, attributes for filter policies."""

import json
import re
import unicodedata

from msgspec import Struct

from lipdrop.model.job import to_json
from lipdrop.model.wording import escaped, shorten
from lipdrop.notify.message import AlertMessage, InputFile, Notification, Result

MAX_SUBJECT = 99
"""SNS: "must be less than 100 characters long", ASCII, no control characters (API reference, Publish)."""
ACCOUNT_CODES = ("API_KEY_REJECTED", "INSUFFICIENT_CREDITS")
"""Alerts that are about the account, and so about all jobs."""
MAX_ATTRIBUTE = 1_024
"""Longest attribute; a folder is part of an S3 key and thus never longer."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""SQS refuses these characters in attributes under raw delivery (API reference, SendMessage)."""


class SnsMessage(Struct, frozen=True, kw_only=True):
    """One message, ready to be published: `body` holds the JSON and the text (MessageStructure json), and
    `attributes`, all strings, are what filter policies see.
    """

    subject: str
    body: str
    attributes: dict[str, str]


def to_sns(message: Notification | AlertMessage) -> SnsMessage:
    """Return `message` as SNS takes it. The same message always gives the same bytes.

    Attributes: `status` always; `error_code`, `folder` and `label` where they are not empty (SNS refuses
    empty strings), so a filter policy finds the top folder by `{"folder": [{"exists": false}]}`.
    """
    if isinstance(message, AlertMessage):
        subject, text = f"Lipdrop ALERT: {message.error.code}", _alert_text(message)
        values = {"status": message.status, "error_code": message.error.code}
    else:
        subject, text = _subject(message), _job_text(message)
        values = {
            "status": message.status,
            "error_code": message.error.code if message.error else "",
            "folder": message.folder,
            "label": message.label,
        }
    return SnsMessage(
        subject=ascii_line(escaped(subject)),
        body=json.dumps({"default": escaped(to_json(message)), "email": text}, ensure_ascii=False),
        attributes=_attributes(values),
    )


def ascii_line(text: str, limit: int = MAX_SUBJECT) -> str:
    """Return `text` as one line of printable ASCII, letters stripped of their accents, the rest as `?`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    line = re.sub(r"[^ -~]", "?", plain)
    return line if len(line) <= limit else line[: limit - 3] + "..."


def _attributes(values: dict[str, str]) -> dict[str, str]:
    return {
        name: _NOT_XML.sub("\ufffd", shorten(value, MAX_ATTRIBUTE)) for name, value in values.items() if value
    }


def _subject(message: Notification) -> str:
    if message.error:
        return f"Lipdrop FAILED ({message.error.code}): {message.name}"
    return f"Lipdrop COMPLETED{' (dry run)' if message.dry_run else ''}: {message.name}"


def _job_text(message: Notification) -> str:
    lines = [_opening(message), ""]
    lines += [f"{title + ':':<12}{escaped(value)}" for title, value in _facts(message) if value]
    if message.warnings:
        lines += ["", "Warnings:", *(f"- {escaped(warning)}" for warning in message.warnings)]
    return "\n".join(lines) + "\n"


def _opening(message: Notification) -> str:
    name = escaped(message.name)
    if message.error:
        return f"{name} failed: {escaped(message.error.message)}\nWhat to do: {message.error.action}"
    if message.dry_run:
        return f"{name}: a dry run. The media is fine; nothing was sent and nothing was spent."
    return f"{name} is ready."


def _facts(message: Notification) -> list[tuple[str, str]]:
    result, error, timings = message.result, message.error, message.timings
    return [
        ("Result", f"s3://{result.bucket}/{result.key} ({_measures(result)})" if result else ""),
        ("Unverified", _unverified(message)),
        ("Corrects", message.corrects or ""),
        ("Link", f"{result.link} (until {result.link_expires_at})" if result and result.link else ""),
        ("Code", f"{error.code} (stage: {error.stage})" if error else ""),
        ("Charged", error.charged if error else ""),
        ("Video", _place(message.inputs.video)),
        ("Voice", _place(message.inputs.audio)),
        ("Manifest", _place(message.inputs.manifest)),
        ("Label", message.label),
        ("Took", _took(message)),
        ("Cost", _money(message)),
        ("Finished", timings.finished_at),
        ("Record", f"s3://{message.record.bucket}/{message.record.key}" if message.record else ""),
        ("Request", message.request_id or ""),
        ("Job", message.job_id),
        ("Execution", message.execution_arn),
    ]


def _measures(result: Result) -> str:
    seconds = f", {result.seconds:.1f} s" if result.seconds is not None else ""
    return f"{result.size:,} bytes{seconds}"


def _unverified(message: Notification) -> str:
    kept = message.unverified
    if kept is None:
        return ""
    place = f"s3://{kept.bucket}/{kept.key}"
    return (
        f"{place} ({kept.size:,} bytes; nobody checked it: download it and open it in a player such as VLC)"
    )


def _place(source: InputFile | None) -> str:
    if source is None:
        return ""
    if source.url:
        return source.url
    version = f" (version {source.version_id})" if source.version_id else ""
    return f"s3://{source.bucket}/{source.key}{version}"


def _took(message: Notification) -> str:
    if message.timings.total_seconds is None:
        return ""
    minutes, seconds = divmod(round(message.timings.total_seconds), 60)
    return f"{minutes} min {seconds} s, {message.polls} looks at the request"


def _money(message: Notification) -> str:
    cost = message.cost
    parts = [
        f"estimated ${cost.estimated_usd:.2f}" if cost.estimated_usd is not None else "",
        f"reported by Segmind: {cost.reported:g}" if cost.reported is not None else "",
        f"credits left: {cost.remaining_credits:g}" if cost.remaining_credits is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _alert_text(message: AlertMessage) -> str:
    return (
        f"{message.error.message}\nWhat to do: {message.error.action}\n\n"
        f"{_waiting(message.error.code)}"
        f"Code:       {message.error.code}\nFirst met:  {message.job_id}\n"
        f"Execution:  {message.execution_arn}\n"
    )


def _waiting(code: str) -> str:
    """Return what happens meanwhile to the jobs that the alert `code` is about, "" if nothing waits."""
    if code in ACCOUNT_CODES:
        return "Jobs wait and continue by themselves when this is fixed; this message is sent once.\n\n"
    if code == "STORE_FAILED":
        return "The job continues by itself when this is fixed.\n\n"
    return ""
