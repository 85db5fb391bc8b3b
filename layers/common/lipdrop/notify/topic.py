"""The SNS topic, behind a boto3 client."""

from typing import TYPE_CHECKING

from lipdrop.notify.sns_format import SnsMessage

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """Publishes messages: mail subscribers receive the text, all others the JSON."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, message: SnsMessage) -> None:
        """Publish `message`; botocore retries where that can help, and raises in the end."""
        self._client.publish(
            TopicArn=self._arn,
            Subject=message.subject,
            Message=message.body,
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        )
