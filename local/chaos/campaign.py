"""Runs a campaign: a stack with scaled waits and injected faults, until every job has ended."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from local import paths
from local.aws_proxy import Proxy
from local.aws_proxy import running as proxy_running
from local.aws_proxy.model import Strike
from local.chaos import aws_faults
from local.chaos.drops import Dropper
from local.chaos.eventbridge_redelivery import EventRedelivery
from local.chaos.evidence import Evidence, executions, gather, leftovers
from local.chaos.history import history
from local.chaos.invariants import Verdict, judge
from local.chaos.killer import Kill, Killer
from local.chaos.notification_listener import NotificationListener
from local.chaos.plan import HISTORY, Folder, Job, plan
from local.chaos.runner import CampaignRunner
from local.chaos.schema import notification_check
from local.sam import STACK_NAME
from local.stack import Stack
from local.stack import running as stack_running
from local.standin.control import StandinControl
from local.standin.model import Counters

SLOTS = 12
STAND_IN = ("--processing-seconds", "2", "--processing-cv", "0.4", "--history-lag-seconds", "1")
PARAMETERS = {
    "MaxConcurrentJobs": str(SLOTS),
    "ExpectedBaseSeconds": "2",
    "ExpectedSecondsPerSecond": "0",
    "DeadlineSeconds": "120",
    "HistoryWaitSeconds": "5",
    "ResultLifeSeconds": "240",
    "ResultLinkHours": "0",
}
AWS = {
    # A whole second of a wait, and a retry's pause, take so much of a real second.
    "SFN_WAIT_SCALE": "0.4",
    # The local AWS counts a throttled asynchronous invocation as a failed one; AWS does not.
    "LAMBDA_ACCOUNT_CONCURRENCY": "0",
    "LOG_LEVEL": "WARNING",
}
KILL_EVERY_SECONDS = 3.0
SETTLE_SECONDS = 180.0
QUIET_SECONDS = 6.0
"""Longer than an asynchronous invocation's retries take before it becomes a dead letter."""


@dataclass
class Campaign:
    """What was asked for, and what was observed."""

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
        """When `request` was killed or a call to its table failed: a POST's outcome may be unknown then."""
        killed = [kill.at for kill in self.kills if kill.function == "Request"]
        return killed + [strike.at for strike in self.strikes if strike.service == "dynamodb"]


def run(
    jobs: int,
    seed: int,
    only: str = "",
    *,
    home: str = "chaos",
    say: Callable[[str], None] = lambda _: None,
) -> Campaign:
    """Run a campaign and return what was observed; `home` names its folder, `say` receives progress."""
    campaign = Campaign(jobs, seed, plan(jobs, seed, only))
    with world(home) as (stack, proxy, standin):
        standin.fault(*HISTORY, *[trouble for job in campaign.planned for trouble in job.troubles])
        proxy.control.fault(*aws_faults.faults(seed))
        killer = Killer(stack.pids[-1], KILL_EVERY_SECONDS, random.Random(f"{seed} kills"))
        dropper = Dropper(stack, _function(stack, "Submit"), random.Random(f"{seed} drops"))
        redelivery = EventRedelivery(stack, _function(stack, "Finalize"))
        listener = NotificationListener(stack)
        started = time.monotonic()
        with closing(dropper), listener.listening():
            with killer.at_work():
                CampaignRunner(dropper, redelivery, listener, killer, campaign.folders, say).run()
            proxy.control.clear_faults()
            _settle(stack, dropper)
        campaign.seconds = time.monotonic() - started
        campaign.kills, campaign.strikes = killer.kills, proxy.control.strikes()
        campaign.counts = dict(dropper.counts) | {"redelivered by EventBridge": redelivery.delivered}
        campaign.posts = standin.counters()
        _judge(campaign, stack, listener, standin)
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


def _settle(stack: Stack, dropper: Dropper) -> None:
    """Wait until nothing runs and no dead letter comes any more, or it takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    quiet_since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < QUIET_SECONDS:
        busy = any(one.status == "RUNNING" for one in executions(stack))
        if dropper.redrive() or busy or not dropper.idle:
            quiet_since = time.monotonic()
        time.sleep(0.5)


def _judge(campaign: Campaign, stack: Stack, listener: NotificationListener, standin: StandinControl) -> None:
    """Gather the evidence, judge it, and keep the histories of jobs to which a promise was broken."""
    evidence = gather(stack, campaign.planned, listener.messages, standin.requests())
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
