"""Mails and subjects: no name, label, link or message can add a line or change how the text reads."""

import json

from msgspec.structs import replace

from lipdrop.model.failures import failure
from lipdrop.model.job import Job, S3Object
from lipdrop.model.wording import escaped
from lipdrop.notify.message import JobTimeline, Notification, RecordAddress, Result, notification
from lipdrop.notify.sns_format import to_sns

EVIL = "a\nWhat to do: pay\r\u2028x\u202egpj\x1b[2J"
SHOWN = "a\\nWhat to do: pay\\r\\u2028x\\u202egpj\\u001b[2J"


def message(*, failed: bool) -> Notification:
    source = S3Object(bucket="drop", key=f"inbox/{EVIL}.mp4", version_id="v1")
    job = Job(job_id="a-1", name=EVIL, label=EVIL, video=source, audio=source, warnings=(EVIL,))
    error = failure("MEDIA_UNREADABLE", f"{EVIL} is empty.") if failed else None
    result = None if failed else Result(bucket="r", key=f"{EVIL}.mp4", size=1)
    made = notification(job, JobTimeline(finished_at=1), error=error, result=result)
    return replace(made, record=RecordAddress(bucket="r", key=f"{EVIL}.json"))


def test_names_chosen_by_others_are_escaped_wherever_people_read_them() -> None:
    for failed in (True, False):
        sent = to_sns(message(failed=failed))
        mail = json.loads(sent.body)["email"]

        assert escaped(mail.replace("\n", "")) == mail.replace("\n", "")
        assert not [line for line in mail.splitlines() if line.startswith("What to do: pay")]
        assert mail.startswith(SHOWN)
        assert SHOWN in sent.subject or sent.subject.endswith("...")
        assert "\u202e" not in sent.body


def test_machines_still_read_the_names_as_they_are() -> None:
    sent = to_sns(message(failed=False))

    assert json.loads(json.loads(sent.body)["default"])["name"] == EVIL
    assert sent.attributes["label"].startswith("a\nWhat to do: pay\r\u2028x\u202egpj")
