"""The plan of a chaos campaign: a job's troubles depend on the seed and on its name, on nothing else."""

import random
from collections import Counter

import pytest

from local.chaos import aws_faults
from local.chaos.plan import HISTORY, SUBMIT, copies, plan


def test_a_plan_has_the_jobs_that_were_asked_for_each_under_a_name_of_its_own() -> None:
    jobs = [job for folder in plan(300, seed=1) for job in folder.jobs]

    assert len({job.name for job in jobs}) == len(jobs) == 300


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(50, seed=1) == plan(50, seed=1)
    assert plan(50, seed=1) != plan(50, seed=2)


def test_a_job_alone_meets_what_it_met_among_the_others() -> None:
    everybody = {job.name: job for folder in plan(50, seed=1) for job in folder.jobs}
    (folder,) = plan(50, seed=1, only="chaos/0007/voice-1")

    assert folder.jobs == (everybody["chaos/0007/voice-1"],)
    with pytest.raises(ValueError, match="no job"):
        plan(50, seed=1, only="chaos/0007/voice-9")


def test_a_thousand_jobs_meet_every_trouble_and_most_of_them_complete() -> None:
    jobs = [job for folder in plan(1000, seed=1) for job in folder.jobs]
    expected = Counter(job.expected for job in jobs)

    assert expected["COMPLETED"] > 600
    assert set(expected) == {trouble[2] for trouble in SUBMIT} | {"RESULT_INVALID"}
    assert {fault.where for job in jobs for fault in job.troubles} == {"submit", "status", "result", "file"}
    assert {fault.where for fault in HISTORY} == {"history"}


def test_every_event_is_delivered_two_to_five_times() -> None:
    rng = random.Random(1)

    assert {1 + len(copies(rng)) for _ in range(200)} == {2, 3, 4, 5}


def test_aws_faults_hit_every_service_that_the_functions_call() -> None:
    assert {fault.service for fault in aws_faults.faults(1)} == {"dynamodb", "s3", "sns", "states", "ssm"}
