"""The proxy before the local AWS: signatures hold through it, calls are counted, faults are AWS's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from local.aws import CREDENTIALS, start_aws
from local.aws_proxy import Fault, Proxy, running
from local.processes import stop

ONCE = Config(retries={"total_max_attempts": 1}, signature_version="v4")
S3_ONCE = Config(retries={"total_max_attempts": 1}, signature_version="s3v4")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local AWS that checks signatures; its endpoint."""
    pid, endpoint = start_aws(Path(tmp_path_factory.mktemp("aws")), settings={})
    yield endpoint
    stop(pid)


@pytest.fixture(scope="module")
def _one_proxy(aws: str) -> Iterator[Proxy]:
    with running(aws) as proxy:
        client(proxy, "s3").create_bucket(Bucket="media")
        client(proxy, "dynamodb").create_table(
            TableName="jobs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        yield proxy


@pytest.fixture
def proxy(_one_proxy: Proxy) -> Proxy:
    """A proxy without counts and faults, before a bucket `media` and a table `jobs`."""
    _one_proxy.control.clear_faults()
    _one_proxy.control.reset()
    return _one_proxy


def client(proxy: Proxy, service: str, config: Config | None = None) -> Any:
    """Return a client that speaks through the proxy, without retries unless `config` says otherwise."""
    own = config or (S3_ONCE if service == "s3" else ONCE)
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_REGION"],
    )
    return session.client(service, endpoint_url=proxy.url, config=own)  # type: ignore[call-overload]


def test_signed_bodies_and_presigned_links_pass_untouched(proxy: Proxy) -> None:
    body = bytes(range(256)) * 40_000
    s3 = client(proxy, "s3")
    s3.put_object(Bucket="media", Key="a b+ü.mp4", Body=body, ChecksumAlgorithm="CRC32")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a b+ü.mp4"})

    assert s3.get_object(Bucket="media", Key="a b+ü.mp4")["Body"].read() == body
    assert requests.get(link, timeout=10).content == body
    assert requests.get(link.replace("a%20b", "another"), timeout=10).status_code == 403


def test_calls_are_counted_by_the_names_that_aws_gives_them(proxy: Proxy) -> None:
    s3, dynamodb = client(proxy, "s3"), client(proxy, "dynamodb")
    upload = s3.create_multipart_upload(Bucket="media", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="media", Key="big", UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(
        Bucket="media",
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    s3.head_object(Bucket="media", Key="big")
    s3.list_objects_v2(Bucket="media")
    requests.get(
        s3.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "big"}), timeout=10
    )
    dynamodb.get_item(TableName="jobs", Key={"id": {"S": "1"}})
    client(proxy, "sns").list_topics()
    client(proxy, "stepfunctions").list_state_machines()
    client(proxy, "ssm").describe_parameters()

    assert proxy.control.counts().calls == {
        "s3:CreateMultipartUpload": 1,
        "s3:UploadPart": 1,
        "s3:CompleteMultipartUpload": 1,
        "s3:HeadObject": 1,
        "s3:ListObjectsV2": 1,
        "s3-presigned:GetObject": 1,
        "dynamodb:GetItem": 1,
        "sns:ListTopics": 1,
        "states:ListStateMachines": 1,
        "ssm:DescribeParameters": 1,
    }


@pytest.mark.parametrize(
    ("service", "name", "call", "codes"),
    [
        ("s3", "s3", lambda c: c.list_objects_v2(Bucket="media"), ("SlowDown", "InternalError")),
        (
            "dynamodb",
            "dynamodb",
            lambda c: c.get_item(TableName="jobs", Key={"id": {"S": "1"}}),
            ("ProvisionedThroughputExceededException", "InternalServerError"),
        ),
        ("sns", "sns", lambda c: c.list_topics(), ("Throttling", "InternalError")),
        (
            "states",
            "stepfunctions",
            lambda c: c.list_state_machines(),
            ("ThrottlingException", "InternalFailure"),
        ),
    ],
)
def test_refusals_are_in_the_words_of_the_service(
    proxy: Proxy, service: str, name: str, call: Any, codes: tuple[str, str]
) -> None:
    proxy.control.fault(Fault(service=service, what="throttle"), Fault(service=service, what="error"))
    own = client(proxy, name)
    for code in codes:
        with pytest.raises(ClientError) as refused:
            call(own)
        assert refused.value.response["Error"]["Code"] == code
    call(own)


def test_a_reset_call_is_not_done_and_a_lost_one_is(proxy: Proxy) -> None:
    dynamodb = client(proxy, "dynamodb")
    for what in ("reset", "lost"):
        proxy.control.fault(Fault(service="dynamodb", operation="PutItem", what=what))
        with pytest.raises((ConnectionClosedError, BotoCoreError)):
            dynamodb.put_item(TableName="jobs", Item={"id": {"S": what}})

    assert "Item" not in dynamodb.get_item(TableName="jobs", Key={"id": {"S": "reset"}})
    assert "Item" in dynamodb.get_item(TableName="jobs", Key={"id": {"S": "lost"}})


def test_an_outage_outlasts_the_retries_of_a_client(proxy: Proxy) -> None:
    patient = client(proxy, "s3", Config(retries={"mode": "standard", "total_max_attempts": 3}))
    proxy.control.fault(Fault(service="s3", what="throttle", lasting=30))
    with pytest.raises(ClientError):
        patient.head_bucket(Bucket="media")

    assert proxy.control.counts().faults == {"s3:HeadBucket throttle": 3}
    assert [strike.operation for strike in proxy.control.strikes()] == ["HeadBucket"] * 3


def test_botocores_own_retries_mend_a_single_fault(proxy: Proxy) -> None:
    patient = client(proxy, "s3", Config(retries={"mode": "standard", "total_max_attempts": 3}))
    proxy.control.fault(
        Fault(service="s3", what="lost"), Fault(service="s3", what="delay", seconds=0.01, times=2)
    )
    patient.put_object(Bucket="media", Key="late", Body=b"x" * 2_000_000)

    assert patient.get_object(Bucket="media", Key="late")["ContentLength"] == 2_000_000
