"""Slots against a model, in any order of taking, freeing, dying and time passing."""

import os
from unittest.mock import patch

import boto3
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from moto import mock_aws

from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.capacity_snapshot import Blocked, Slot
from tests.support.jobs_table import TABLE, create_jobs_table

SLOTS = 3
JOBS = st.sampled_from(["a", "b", "c", "d", "e"])
SECONDS = st.integers(1, 60)
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Slots(RuleBasedStateMachine):
    """The model is a dict of leases and one time before which the gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.credentials = patch.dict(os.environ, CREDENTIALS)
        self.credentials.start()
        self.aws = mock_aws()
        self.aws.start()
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_jobs_table(client)
        self.capacity = Capacity(client, TABLE, SLOTS)
        self.now = 1_000_000.5
        self.leases: dict[str, float] = {}
        self.gate = 0.0

    def teardown(self) -> None:
        self.aws.stop()
        self.credentials.stop()

    def living(self) -> dict[str, float]:
        return {job: lease for job, lease in self.leases.items() if lease > self.now}

    @rule(job=JOBS, lease=SECONDS)
    def take(self, job: str, lease: int) -> None:
        answer = self.capacity.take_slot(job, self.now, self.now + lease)
        others = self.living().keys() - {job}
        if self.gate > self.now:
            assert isinstance(answer, Blocked)
            assert answer.until == self.gate
        elif len(others) >= SLOTS:
            assert isinstance(answer, Blocked)
            assert answer.reason == "SLOTS"
        else:
            assert isinstance(answer, Slot)
            self.leases[job] = self.now + lease

    @rule(job=JOBS)
    def free(self, job: str) -> None:
        self.capacity.free_slot(job)
        self.leases.pop(job, None)

    @rule(job=JOBS, lease=st.floats(1, 2))
    def free_a_hold_that_is_not_there(self, job: str, lease: float) -> None:
        self.capacity.free_slot(job, lease)

    @rule(seconds=SECONDS)
    def let_time_pass(self, seconds: int) -> None:
        self.now += seconds

    @rule(seconds=SECONDS)
    def shut_the_gate(self, seconds: int) -> None:
        self.capacity.shut_gate("RATE_LIMIT", self.now + seconds)
        self.gate = max(self.gate, self.now + seconds)

    @invariant()
    def the_table_holds_the_living(self) -> None:
        held = self.capacity.snapshot().held or {}
        assert {job: lease for job, lease in held.items() if lease > self.now} == self.living()
        assert len(self.living()) <= SLOTS


Slots.TestCase.settings = settings(max_examples=settings().max_examples // 5, stateful_step_count=25)
TestSlots = pytest.mark.model(Slots.TestCase)
