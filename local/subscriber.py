"""A subscriber of the topic: a real SQS queue behind a real subscription."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from local.stack import Stack


class Subscriber:
    """Receives what the topic publishes from now on, each message once."""

    def __init__(self, stack: Stack, *, filter_policy: Mapping[str, Any] | None = None) -> None:
        """Make the queue and subscribe it, with `filter_policy` on the message attributes if given."""
        self._sqs = stack.client("sqs")
        self._url = self._sqs.create_queue(QueueName=f"subscriber-{uuid.uuid4().hex}")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": stack.topic_arn}},
                }
            ],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        attributes = {"FilterPolicy": json.dumps(filter_policy)} if filter_policy else {}
        stack.client("sns").subscribe(
            TopicArn=stack.topic_arn, Protocol="sqs", Endpoint=arn, Attributes=attributes
        )

    def messages(self, *, wait_seconds: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the SNS envelopes that have come (`Message`, `Subject`, `MessageAttributes`, `MessageId`).

        Waits up to `wait_seconds` for the first.
        """
        while received := self._receive(wait_seconds):
            wait_seconds = 0
            for message in received:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])

    def notifications(self, *, wait_seconds: int = 0) -> Iterator[dict[str, Any]]:
        """Yield Lipdrop's own JSON out of each message."""
        for envelope in self.messages(wait_seconds=wait_seconds):
            yield json.loads(envelope["Message"])

    def _receive(self, wait_seconds: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        )
        return list(answer.get("Messages", []))
