"""Runs a campaign: a stack with scaled waits, everything broken, until every job has ended."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local import paths
from local.aws_proxy import Proxy
from local.aws_proxy import running as proxy_running
from local.aws_proxy.model import Strike
from local.chaos import weather
from local.chaos.bearer import Bearer
from local.chaos.drops import Dropper
from local.chaos.evidence import Evidence, executions, gather, leftovers
from local.chaos.history import history
from local.chaos.killer import Kill, Killer
from local.chaos.plan import Folder, Job, plan
from local.chaos.schema import notification_check
from local.chaos.verdict import Verdict, judge
from local.chaos.witness import Witness
from local.sam import STACK_NAME
from local.stack import Stack
from local.stack import running as stack_running
from local.standin.control import StandinControl
from local.standin.model import Counters

SLOTS = 12
OPEN_AT_MOST = 40
"""Jobs dropped and not yet heard of: so many wait in front of the slots, and no more executions than
two cores can run."""
STAND_IN = ("--processing-seconds", "2", "--processing-cv", "0.4")
PARAMETERS = {
    "MaxConcurrentJobs": str(SLOTS),
    "ExpectedBaseSeconds": "2",
    "ExpectedSecondsPerSecond": "0",
    "DeadlineSeconds": "120",
}
AWS = {
    # A whole second of a wait, and a retry's pause, take so much of a real second.
    "SFN_WAIT_SCALE": "0.4",
    # The local AWS counts a throttled asynchronous invocation as a failed one; AWS does not.
    "LAMBDA_ACCOUNT_CONCURRENCY": "0",
    "LOG_LEVEL": "WARNING",
}
KILL_EVERY_SECONDS = 3.0
SILENCE_SECONDS = 300.0
"""A campaign that hears nothing for so long is over: the longest pause of a job is two minutes."""
NO_NEWS_SECONDS = 10.0
SETTLE_SECONDS = 180.0
QUIET_SECONDS = 6.0
"""Longer than an asynchronous invocation's retries take before it becomes a dead letter."""
TICK_SECONDS = 2.0
DROP_EVERY_SECONDS = 0.5
"""From one folder to the next: how busy the workers are shows only when they have started."""
BUSY_AT_MOST = 12
"""Workers at work when another folder is dropped or an event delivered again: each of them that has to be
started takes a second of a core."""


@dataclass
class Campaign:
    """What was asked for, and what was seen."""

    jobs: int
    seed: int
    folders: list[Folder]
    kills: list[Kill] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    posts: Counters = field(default_factory=Counters)
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    histories: dict[str, Any] = field(default_factory=dict)
    """Of the jobs to which a promise was broken."""

    @property
    def planned(self) -> list[Job]:
        """All jobs of the campaign."""
        return [job for folder in self.folders for job in folder.jobs]

    @property
    def tears(self) -> list[float]:
        """When `request` was killed or its table failed it: what can leave a job in doubt."""
        killed = [kill.at for kill in self.kills if kill.function == "Request"]
        return killed + [strike.at for strike in self.strikes if strike.service == "dynamodb"]


def run(jobs: int, seed: int, only: str = "", say: Callable[[str], None] = lambda _: None) -> Campaign:
    """Run a campaign and return what was seen; `say` is told how it goes."""
    campaign = Campaign(jobs, seed, plan(jobs, seed, only))
    with world("chaos") as (stack, proxy, standin):
        standin.fault(*[trouble for job in campaign.planned for trouble in job.troubles])
        proxy.control.fault(*weather.faults(seed))
        killer = Killer(stack.pids[-1], KILL_EVERY_SECONDS, random.Random(f"{seed} kills"))
        dropper = Dropper(stack, _function(stack, "Submit"), random.Random(f"{seed} drops"))
        bearer = Bearer(stack, _function(stack, "Finalize"))
        witness = Witness(stack)
        started = time.monotonic()
        with closing(dropper), witness.listening():
            with killer.at_work():
                _until_all_are_heard(_Hands(dropper, bearer, witness, killer), campaign.folders, say)
            proxy.control.clear_faults()
            _settle(stack, dropper)
        campaign.seconds = time.monotonic() - started
        campaign.kills, campaign.strikes = killer.kills, proxy.control.strikes()
        campaign.counts = dict(dropper.counts) | {"told of again": bearer.delivered}
        campaign.posts = standin.counters()
        _judge(campaign, stack, witness, standin)
    return campaign


@contextmanager
def world(name: str) -> Iterator[tuple[Stack, Proxy, StandinControl]]:
    """Bring up a stack with scaled waits whose functions reach AWS through a proxy."""
    with proxy_running() as proxy:
        parameters = {**PARAMETERS, "AwsEndpointUrl": proxy.url}
        directory = paths.HOME / name
        with stack_running(directory, stand_in=STAND_IN, parameters=parameters, aws_settings=AWS) as stack:
            proxy.control.upstream(stack.endpoint)
            with closing(StandinControl(stack.segmind_base_url)) as standin:
                yield stack, proxy, standin


class _Hands(NamedTuple):
    """Those who are at work while a campaign runs."""

    dropper: Dropper
    bearer: Bearer
    witness: Witness
    killer: Killer


def _until_all_are_heard(hands: _Hands, folders: Sequence[Folder], say: Callable[[str], None]) -> None:
    """Drop folder after folder, never too many at once, until each job was heard of and all is delivered."""
    waiting = list(folders)
    dropped, heard, told = 0, 0, ""
    began = news = tick = next_drop = time.monotonic()
    while waiting or heard < dropped or not hands.dropper.idle:
        room = waiting and dropped - heard + len(waiting[0].jobs) <= OPEN_AT_MOST
        if room and hands.killer.busy < BUSY_AT_MOST and time.monotonic() > next_drop:
            next_drop = time.monotonic() + DROP_EVERY_SECONDS
            folder = waiting.pop(0)
            hands.dropper.drop(folder)
            dropped += len(folder.jobs)
        if hands.killer.busy < BUSY_AT_MOST:
            hands.dropper.deliver()
        time.sleep(0.1)
        if len(hands.witness.messages) > heard:
            heard, news = len(hands.witness.messages), time.monotonic()
        if time.monotonic() > tick:
            hands.dropper.redrive()
            tick = time.monotonic() + TICK_SECONDS
            if (line := f"{dropped} dropped, {heard} heard of") != told:
                told = line
                say(f"{time.monotonic() - began:5.0f} s  {told}")
            elif time.monotonic() - news > NO_NEWS_SECONDS:
                hands.bearer.deliver(hands.witness.messages)
        if time.monotonic() - news > SILENCE_SECONDS:
            return


def _settle(stack: Stack, dropper: Dropper) -> None:
    """Wait until nothing runs and no dead letter comes any more, or it takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    quiet_since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < QUIET_SECONDS:
        busy = any(one.status == "RUNNING" for one in executions(stack))
        if dropper.redrive() or busy or not dropper.idle:
            quiet_since = time.monotonic()
        time.sleep(0.5)


def _judge(campaign: Campaign, stack: Stack, witness: Witness, standin: StandinControl) -> None:
    """Gather the evidence, judge it, and keep the histories of jobs to which a promise was broken."""
    evidence = gather(stack, campaign.planned, witness.messages, standin.requests())
    campaign.verdict = judge(
        campaign.planned, evidence, leftovers(stack), campaign.tears, notification_check()
    )
    for name in {violation.job for violation in campaign.verdict.violations if violation.job}:
        job = next((job for job in campaign.planned if job.name == name), None)
        campaign.histories[name] = history(stack, job, evidence.get(name, Evidence()))


def _function(stack: Stack, logical_id: str) -> str:
    """Return the name that the deployed function `logical_id` got."""
    resource = stack.client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId=logical_id
    )
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])
