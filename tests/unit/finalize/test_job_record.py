"""The record beside a result: people open it, programs parse it."""

import json

from lipdrop.finalize.job_record import job_record
from lipdrop.model.job import Job, Metrics
from lipdrop.notify.message import JobTimeline, notification


def test_a_record_shows_misleading_characters_of_a_name_as_escapes_and_means_the_same() -> None:
    job = Job(job_id="a-1", name="exe.\u202egpj\u2028")

    record = job_record(job, notification(job, JobTimeline(finished_at=1)), Metrics(), None)

    assert '"name": "exe.\\u202egpj\\u2028"' in record
    assert json.loads(record)["notification"]["name"] == job.name
