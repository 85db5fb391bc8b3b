"""The examples of `docs/subscribing.md`, run as they stand there."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lipdrop.finalize.event import FinalizeEvent, read_event
from lipdrop.model.job import Job
from tests.support.jobs_table import a_job
from tests.support.results_world import NOW, OVER, World, failed_look

DOCUMENT = (Path(__file__).parents[3] / "docs" / "subscribing.md").read_text()
EndingMaker = Callable[..., FinalizeEvent]


def blocks(kind: str) -> Iterator[str]:
    yield from re.findall(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL)


def example(name: str) -> Any:
    """Return the function `name` of the document's Python."""
    for source in blocks("python"):
        if f"def {name}(" in source:
            scope: dict[str, Any] = {}
            exec(source, scope)
            return scope[name]
    raise LookupError(name)


@pytest.fixture
def told(scene: World, job: Job, ending: EndingMaker) -> World:
    """A world with a queue behind each policy of the document, in which these messages went out."""
    for number, policy in enumerate(blocks("json")):
        scene.subscribe(f"policy-{number}", json.loads(policy))
    scene.capacity.raise_trouble("API_KEY_REJECTED", "Bad key.", NOW)
    alert = {"code": "API_KEY_REJECTED", "message": "Bad key.", "action": "Store a good one."}
    call: Any = read_event({"alert": alert, "job_id": "fr-1", "execution": {"arn": "arn:x"}})
    scene.finalizer.tell(call)
    scene.finalizer.finish(ending(), NOW + 600)
    scene.result_life = OVER
    below = a_job("es-1", name="launch/spring/es")
    scene.finalizer.finish(ending(below, look=failed_look("DEADLINE")), NOW + 600)
    top = a_job("top-1", name="top")
    scene.finalizer.finish(ending(top, look=failed_look("INFERENCE_FAILED")), NOW + 600)
    return scene


def test_filter_policies_let_through_what_the_document_says(told: World) -> None:
    got = []
    for number, _ in enumerate(blocks("json")):
        url = told.sqs.get_queue_url(QueueName=f"policy-{number}")["QueueUrl"]
        got.append(sorted(message["id"] for message in told.messages(url)))
    alert = next(message["id"] for message in told.messages() if message["status"] == "ALERT")
    on_duty, one_folder, paid, top = got
    assert on_duty == sorted([alert, "es-1:DEADLINE", "top-1:INFERENCE_FAILED"])
    assert one_folder == ["es-1:DEADLINE", "fr-1:COMPLETED"]
    assert paid == ["es-1:DEADLINE"]
    assert top == ["top-1:INFERENCE_FAILED"]


def test_queue_example_takes_each_message_once(told: World) -> None:
    known = {"fr-1:COMPLETED"}
    messages = list(example("read")(told.sqs, told.queue_url, known))
    assert len(messages) == 3
    assert len(known) == 4
    assert told.messages() == []


def test_lambda_example_names_the_results(told: World) -> None:
    records = [{"Sns": {"Message": json.dumps(message)}} for message in told.messages()]
    done = example("lambda_handler")({"Records": records}, None)
    assert [place[:2] for place in done] == [("results", "launch/fr.mp4")]


def test_http_example_confirms_reads_and_refuses() -> None:
    receive = example("receive")
    visited: list[str] = []
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    confirmation = json.dumps({"Type": "SubscriptionConfirmation", "TopicArn": "arn:t", "SubscribeURL": url})
    assert receive(confirmation, "arn:t", lambda _: True, visited.append) is None
    assert visited == [url]
    notification = json.dumps({"Type": "Notification", "TopicArn": "arn:t", "Message": '{"id": "x"}'})
    assert receive(notification, "arn:t", lambda _: True, visited.append) == {"id": "x"}
    foreign = confirmation.replace("sns.eu-west-1.amazonaws.com", "evil.example")
    for body, topic, genuine in ((notification, "arn:other", True), (notification, "arn:t", False)):
        with pytest.raises(PermissionError):
            receive(body, topic, lambda _, genuine=genuine: genuine, visited.append)
    with pytest.raises(PermissionError):
        receive(foreign, "arn:t", lambda _: True, visited.append)
