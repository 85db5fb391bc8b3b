"""Subscribers of every kind, made as docs/subscribing.md says: each gets what it asked for, in its form."""

import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import pytest
import requests

from local import paths
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from local.subscriber import Subscriber
from tests.support.dropping import PAIR, VIDEO, VOICE, drop_files, subscribed
from tests.support.journey import SCHEMA, drop, hear
from tests.support.runbook import run

DOCUMENT = (paths.ROOT / "docs" / "subscribing.md").read_text()
ON_DUTY, ONE_FOLDER, _PAID, TOP = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
MAIL, QUEUE, LAMBDA, HTTP = re.findall(r"```bash\n(.*?)```", DOCUMENT, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


def example(name: str) -> Any:
    """Return the function `name` of the document's Python."""
    scope: dict[str, Any] = {}
    exec(next(source for source in PYTHON if f"def {name}(" in source), scope)
    return scope[name]


def test_subscribers_with_filter_policies_get_what_they_asked_for(
    stack: Stack, standin: StandinControl
) -> None:
    standin.fault(Fault(where="submit", what="fail", match="/launch/autumn/"))
    on_duty, folder, top = (
        Subscriber(stack, filter_policy=json.loads(policy)) for policy in (ON_DUTY, ONE_FOLDER, TOP)
    )

    drop_files(stack, "launch/autumn", PAIR)
    drop_files(stack, "launch/winter", PAIR)
    drop_files(stack, "elsewhere", PAIR)
    drop(stack, "inbox/clip.mp4", VIDEO)
    drop(stack, "inbox/clip.wav", VOICE)

    assert {heard["name"] for heard in hear(folder, 2)} == {"launch/autumn/fr", "launch/winter/fr"}
    assert [heard["name"] for heard in hear(on_duty, 1)] == ["launch/autumn/fr"]
    assert [heard["name"] for heard in hear(top, 1)] == ["clip"]
    assert [list(subscriber.notifications()) for subscriber in (on_duty, folder, top)] == [[], [], []]


def test_a_queue_made_as_the_document_says_receives_and_tells_repeats(stack: Stack) -> None:
    run(stack, QUEUE.replace("launch", "queue"))
    sqs, known = stack.client("sqs"), set[str]()
    url = sqs.get_queue_url(QueueName="lipdrop-results")["QueueUrl"]
    again = subscribed(stack, "queue")
    drop_files(stack, "queue", PAIR)
    (envelope,) = _until(lambda: list(again.messages(wait_seconds=1)))

    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Message": '{"AlarmName": "x"}'}))
    first = _until(lambda: list(example("read")(sqs, url, known)))
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))  # a repeat, as SNS may send it

    assert [message["name"] for message in first] == ["queue/fr"]
    assert list(example("read")(sqs, url, known)) == []
    subject = envelope["Subject"]
    assert subject == "Lipdrop COMPLETED: queue/fr"
    assert {name: value["Value"] for name, value in envelope["MessageAttributes"].items()} == {
        "status": "COMPLETED",
        "folder": "queue",
        "label": "fr",
    }


def test_an_http_subscriber_confirms_and_receives(stack: Stack) -> None:
    receive, visited = example("receive"), list[str]()
    with _endpoint() as (address, bodies):
        run(stack, HTTP, ENDPOINT=address)
        confirmation = bodies.get(timeout=30)
        with pytest.raises(PermissionError, match="not an address of SNS"):
            receive(confirmation, stack.topic_arn, lambda _: True, visited.append)
        requests.get(json.loads(confirmation)["SubscribeURL"], timeout=10).raise_for_status()

        drop_files(stack, "http", PAIR)
        message = receive(bodies.get(timeout=60), stack.topic_arn, lambda _: True, visited.append)

    SCHEMA.validate(message)
    assert (message["name"], message["status"]) == ("http/fr", "COMPLETED")


def test_a_lambda_subscriber_is_called_with_the_result(stack: Stack) -> None:
    function = _function(stack, next(source for source in PYTHON if "lambda_handler" in source))
    run(stack, LAMBDA, FUNCTION_ARN=function)

    drop_files(stack, "lambda", PAIR)

    logs = stack.client("logs")
    lines = _until(
        lambda: [
            event["message"]
            for event in logs.filter_log_events(logGroupName="/aws/lambda/after-lipdrop")["events"]
            if "lambda/fr.mp4" in event["message"]
        ]
    )
    assert stack.results_bucket in lines[0]


def test_a_mail_subscriber_is_taken(stack: Stack) -> None:
    run(stack, MAIL)

    known = stack.client("sns").list_subscriptions_by_topic(TopicArn=stack.topic_arn)["Subscriptions"]
    assert ("email", "me@example.com") in {(one["Protocol"], one["Endpoint"]) for one in known}


def _until[T](look: Callable[[], list[T]], *, seconds: float = 60) -> list[T]:
    """Return the first `look` that sees something."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing seen for {seconds} s"
        time.sleep(0.1)
    return seen


@contextmanager
def _endpoint() -> Iterator[tuple[str, Queue[bytes]]]:
    """Serve an HTTP endpoint on this machine; yield its address and the bodies that it is sent."""
    bodies: Queue[bytes] = Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/lipdrop", bodies
        server.shutdown()
        thread.join()


def _function(stack: Stack, source: str) -> str:
    """Deploy `source` as a function that logs what it answers; return its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("example.py", source)
        files.writestr(
            "app.py", "import example\n\n\ndef handler(e, c):\n    print(example.lambda_handler(e, c))\n"
        )
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = stack.client("iam").create_role(
        RoleName="after-lipdrop",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    stack.client("logs").create_log_group(logGroupName="/aws/lambda/after-lipdrop")
    made = stack.client("lambda").create_function(
        FunctionName="after-lipdrop",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    return str(made["FunctionArn"])
