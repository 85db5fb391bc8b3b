"""At the end of all the tests of this stack: each job was announced, once."""

import json
from collections import defaultdict

from lipdrop.finalize.follow_up import SUFFIX
from local.stack import Stack
from tests.support.dropping import outcome
from tests.support.journey import SCHEMA, settled
from tests.support.outcomes_stack import Archive


def test_every_execution_ended_in_exactly_one_message(stack: Stack, everything: Archive) -> None:
    outcome(stack, "spoken")
    names = {execution["name"] for execution in settled(stack)}
    executions = {name for name in names if SUFFIX not in name}

    messages = [json.loads(envelope["Message"]) for envelope in everything.envelopes()]

    told: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        if "AlarmName" not in message:  # CloudWatch has its own form
            SCHEMA.validate(message)
            if message["status"] != "ALERT":
                told[message["job_id"]].add(message["id"])
    assert set(told) == executions
    finished_by_hand = {job_id for job_id, ids in told.items() if f"{job_id}:LAST_RESORT" in ids}
    assert {job_id: ids for job_id, ids in told.items() if len(ids) > 1}.keys() <= finished_by_hand
