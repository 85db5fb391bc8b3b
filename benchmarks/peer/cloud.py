"""What the two peers on AWS need there: media, functions, a topic with a subscriber, a state machine."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.pipeline import VIDEO, VOICE
from local.aws import ACCOUNT, CREDENTIALS, REGION
from local.stack import API_KEY, Stack
from local.standin.model import MODEL
from local.subscriber import Subscriber

BUCKET = "peers"
_SOURCES = ("function_waiting.py", "function_poller.py")


@dataclass(frozen=True)
class Cloud:
    """The local AWS of `stack`, with a bucket, a role and a topic of the peers' own."""

    stack: Stack
    topic: str
    role: str

    @classmethod
    def made(cls, stack: Stack, jobs: Mapping[str, object]) -> "Cloud":
        """Make bucket, role and topic, and upload the media of `jobs`."""
        stack.client("s3").create_bucket(Bucket=BUCKET)
        for job in jobs:
            for path in (VIDEO, VOICE):
                stack.client("s3").put_object(
                    Bucket=BUCKET, Key=f"media/{job}{path.suffix}", Body=path.read_bytes()
                )
        topic = stack.client("sns").create_topic(Name="peers")["TopicArn"]
        return cls(stack, topic, _role(stack))

    @cached_property
    def _signer(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.stack.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(signature_version="s3v4"),
        )

    def subscriber(self) -> Subscriber:
        """Return a subscriber of the peers' topic."""
        return Subscriber(replace(self.stack, topic_arn=self.topic))

    def link(self, key: str) -> str:
        """Return a signed link to a media object, for a script that has no role of its own."""
        place = {"Bucket": BUCKET, "Key": key}
        return str(self._signer.generate_presigned_url("get_object", Params=place, ExpiresIn=3600))

    def results(self, prefix: str) -> dict[str, bytes]:
        """Return the stored results under `prefix` by job."""
        s3 = self.stack.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {Path(key).stem: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def function(self, name: str, handler: str, timeout: int, look_seconds: float = 0) -> str:
        """Make a function of the peers' sources and return its ARN; `timeout` in seconds."""
        variables = {
            "BASE_URL": self.stack.segmind_base_url,
            "API_KEY": API_KEY,
            "MODEL_PATH": f"/v2/{MODEL}",
            "MEDIA": BUCKET,
            "RESULTS": BUCKET,
            "TOPIC": self.topic,
            "LOOK_SECONDS": f"{look_seconds:g}",
        }
        made = self.stack.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role,
            Handler=handler,
            Code={"ZipFile": _archive()},
            Timeout=timeout,
            MemorySize=512,
            Environment={"Variables": variables},
        )
        return str(made["FunctionArn"])

    def state_machine(self, name: str, definition: str, functions: Mapping[str, str]) -> str:
        """Make a state machine from `definition`, in which `${name}` stands for a function's ARN."""
        for word, arn in functions.items():
            definition = definition.replace(f"${{{word}}}", arn)
        made = self.stack.client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=self.role
        )
        return str(made["stateMachineArn"])


def _archive() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name in _SOURCES:
            archive.write(Path(__file__).with_name(name), f"benchmarks/peer/{name}")
    return raw.getvalue()


def _role(stack: Stack) -> str:
    """Make one role for everything; least privilege is not what is compared here."""
    iam = stack.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.create_role(RoleName="peers", AssumeRolePolicyDocument=json.dumps(trust))
    statement = {
        "Effect": "Allow",
        "Action": ["s3:*", "sns:Publish", "lambda:InvokeFunction"],
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName="peers", PolicyName="peers", PolicyDocument=json.dumps(policy))
    return f"arn:aws:iam::{ACCOUNT}:role/peers"
