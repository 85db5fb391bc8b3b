"""`request` killed at each of its steps, twice at once, and run again: never a second POST.

The real handler, a real POST to the stand-in, the ledger in the local AWS. `request_forks` does the killing.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import boto3
import msgspec
import pytest

from lipdrop.model.job import Options, S3Object, to_plain
from lipdrop.request.requester import PROMISE_SECONDS
from local.aws import CREDENTIALS, start_aws
from local.processes import stop
from local.standin.model import Fault, Seen, StandinSettings
from local.standin.server import Standin, running
from tests.support.jobs_table import TABLE, a_job, create_jobs_table
from tests.support.request_forks import STEPS, Run

LOGIN = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION")
TRIALS = 200
AT_ONCE = 8
ROOT = Path(__file__).parents[2]
KEY_PARAMETER = "/lipdrop/segmind-api-key"
AFTERWARDS = PROMISE_SECONDS + 5
NEVER_READY = Fault(where="submit", what="never", times=None)
"""What becomes of the requests does not matter here: no video is made."""

CLEAR_REFUSALS = {401, 429, 500, 503}
WINDOW = {"after promise", "before submit", "before send", "before reply", "after reply", "after send"}
WINDOW |= {"after submit", "before note"}
"""Where nobody can know afterwards whether Segmind was asked."""
REFUSED = {"give up", "doubt", "gate", "trouble", "free"}
ON_THE_WAY = [step for step in STEPS if step.split(" ", 1)[1] not in REFUSED]


@dataclass
class Trial:
    """One job's history. Its temperature tells its POSTs from those of others."""

    number: int
    kills: tuple[str, str]
    answers: list[Any] = field(default_factory=list)

    @property
    def temperature(self) -> float:
        return self.number / 1000

    @property
    def event(self) -> dict[str, Any]:
        job = a_job(f"job-{self.number}", options=Options(temperature=self.temperature), **MEDIA)
        return {"job": to_plain(job), "queued_at": datetime.now(UTC).isoformat()}

    @property
    def ends(self) -> set[str]:
        """Every decision that was answered: request ids and codes of failures."""
        return {decision for answer in self.answers if (decision := decided(answer))}


def decided(answer: Any) -> str:
    """Return a request id, a failure's code, or "" while nothing is decided."""
    if isinstance(answer, str):
        assert answer == "killed", answer
        return ""
    if answer["outcome"] == "accepted":
        return str(answer["request_id"])
    return str(answer["error"]["code"]) if answer["outcome"] == "rejected" else ""


class Forks:
    """The process that forks invocations."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.request_forks", str(log)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "layers/common"), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    def run(self, runs: list[Run]) -> list[Any]:
        """Run all at the same moment."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(runs) + b"\n")
        self._process.stdin.flush()
        answers: list[Any] = msgspec.json.decode(self._process.stdout.readline())
        return answers

    def twice(self, trials: list[Trial], *, later: float = 0, deadly: bool = False) -> None:
        """Run every trial's job twice at once, a few trials at a time, and keep the answers."""
        for start in range(0, len(trials), AT_ONCE):
            group = trials[start : start + AT_ONCE]
            runs = [
                Run(event=trial.event, later=later, kill=kill if deadly else "")
                for trial in group
                for kill in trial.kills
            ]
            answers = iter(self.run(runs))
            for trial in group:
                trial.answers += [next(answers), next(answers)]


MEDIA: dict[str, Any] = {
    "video": S3Object(bucket="drop", key="inbox/launch/video.mp4"),
    "audio": S3Object(bucket="drop", key="inbox/launch/fr.mp3"),
}


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with running(StandinSettings()) as standin:
        yield standin


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, standin: Standin) -> Iterator[dict[str, str]]:
    """The function's environment, in a local AWS that holds the table, the media and the key."""
    pid, endpoint = start_aws(tmp_path_factory.mktemp("aws"), settings={})
    try:
        user, password, region = (CREDENTIALS[f"AWS_{name}"] for name in LOGIN)
        session = boto3.Session(user, password, region_name=region)
        create_jobs_table(session.client("dynamodb", endpoint_url=endpoint))
        ssm = session.client("ssm", endpoint_url=endpoint)
        ssm.put_parameter(Name=KEY_PARAMETER, Value=standin.key, Type="SecureString")
        s3 = session.client("s3", endpoint_url=endpoint)
        s3.create_bucket(Bucket="drop")
        for source in MEDIA.values():
            s3.put_object(Bucket=source.bucket, Key=source.key, Body=b"media")
        yield {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": endpoint,
            "DROP_BUCKET": "drop",
            "RESULTS_BUCKET": "results",
            "TOPIC_ARN": "topic",
            "JOBS_TABLE": TABLE,
            "SEGMIND_BASE_URL": standin.base_url,
            "SEGMIND_API_KEY_PARAMETER": KEY_PARAMETER,
            "MAX_CONCURRENT_JOBS": "1000",
            "SEGMIND_HISTORY_URL": "",
        }
    finally:
        stop(pid)


def posts(standin: Standin) -> dict[float, list[Seen]]:
    """Return the POSTs that reached the stand-in, by temperature, oldest first."""
    found: dict[float, list[Seen]] = {}
    for seen in standin.control.requests():
        assert seen.body is not None
        found.setdefault(seen.body["temperature"], []).append(seen)
    return found


def some_end(rng: random.Random, steps: list[str], share: float) -> str:
    """Return how an invocation ends: in `share` of the cases it is killed, at a step or at any time."""
    if rng.random() > share:
        return ""
    return rng.choice([rng.choice(steps), f"{rng.uniform(1, 250):.1f}"])


def at_known_steps(trial: Trial) -> bool:
    """Whether nobody died at a random moment."""
    return all(kill in {"", *STEPS} for kill in trial.kills)


def test_killed_anywhere_it_never_posts_twice(
    environment: dict[str, str], standin: Standin, tmp_path: Path
) -> None:
    standin.control.reset(StandinSettings())
    standin.control.fault(NEVER_READY)
    rng = random.Random(4)
    first = [*ON_THE_WAY * 5, *(f"{rng.uniform(1, 250):.1f}" for _ in range(TRIALS))][:TRIALS]
    trials = [Trial(number, (kill, some_end(rng, ON_THE_WAY, 0.5))) for number, kill in enumerate(first)]

    with Forks(environment, tmp_path / "log") as forks:
        forks.twice(trials, deadly=True)
        killed = {trial.kills[0] for trial in trials if trial.answers[0] == "killed"}
        forks.twice(trials)
        forks.twice([trial for trial in trials if not trial.ends], later=AFTERWARDS)

    seen = posts(standin)
    assert {len(of_one) for of_one in seen.values()} == {1}
    for trial in trials:
        assert len(trial.ends) == 1, trial
        end = trial.ends.pop()
        assert end in {"SUBMISSION_UNKNOWN", *(post.request_id for post in seen.get(trial.temperature, []))}
        if at_known_steps(trial) and not WINDOW & set(trial.kills):
            assert end != "SUBMISSION_UNKNOWN", trial

    assert killed >= set(ON_THE_WAY)
    log = (tmp_path / "log").read_text()
    assert "SUBMISSION_UNKNOWN" in log
    assert standin.key not in log
    assert "X-Amz-Signature" not in log


def test_refused_and_killed_it_posts_again_only_after_a_clear_refusal(
    environment: dict[str, str], standin: Standin, tmp_path: Path
) -> None:
    standin.control.reset(StandinSettings())
    for status in CLEAR_REFUSALS:
        standin.control.fault(Fault(where="submit", what="http", status=status, chance=0.2, times=None))
    for what in ("reset", "half_json"):
        standin.control.fault(Fault(where="submit", what=what, accepted=True, chance=0.1, times=None))
    standin.control.fault(Fault(where="submit", what="reset", accepted=False, chance=0.1, times=None))
    rng, later = random.Random(5), 4000.0  # the leases and gates of other tests are over by then
    trials = [Trial(500 + number, ("", "")) for number in range(30)]

    with Forks(environment, tmp_path / "log") as forks:
        for round_ in range(12):
            undecided = [trial for trial in trials if not trial.ends]
            for trial in undecided:
                trial.kills = some_end(rng, STEPS, 0.4), some_end(rng, STEPS, 0.4)
            if round_ == 10:
                standin.control.clear_faults()
                standin.control.fault(NEVER_READY)
            forks.twice(undecided, later=later, deadly=round_ < 10)
            later += 2 * AFTERWARDS

    for trial in trials:
        seen = posts(standin).get(trial.temperature, [])
        assert len(trial.ends) == 1, trial
        assert {post.answered for post in seen[:-1]} <= CLEAR_REFUSALS, seen
        assert all(post.request_id is None for post in seen[:-1]), seen
        if trial.ends != {"SUBMISSION_UNKNOWN"}:
            assert trial.ends == {seen[-1].request_id}
    assert standin.control.counters().limited > 0
