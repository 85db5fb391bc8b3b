"""A Jobs table as template.yaml describes it, and Segmind's answers, for tests of several layers."""

from typing import TYPE_CHECKING

from lipdrop.model.job import Estimate, Job, S3Object

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "jobs"


def create_jobs_table(client: "DynamoDBClient", name: str = TABLE) -> None:
    """Create the table."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def a_job(job_id: str = "fr-1", **changes: object) -> Job:
    """Return a job of 40 s of output, with its media in the bucket "drop"."""
    fields: dict[str, object] = {
        "job_id": job_id,
        "name": "launch/fr",
        "video": S3Object(bucket="drop", key="inbox/launch/video.mp4", etag="e1", size=10),
        "audio": S3Object(bucket="drop", key="inbox/launch/fr.mp3", etag="e2", size=10),
        "estimate": Estimate(output_seconds=40, expected_seconds=248, cost_usd=3.36),
    }
    return Job(**{**fields, **changes})  # type: ignore[arg-type]
