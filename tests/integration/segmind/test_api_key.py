"""The API key from SSM: read seldom, read again when refused, and never shown."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from lipdrop.config.settings import settings
from lipdrop.segmind.api_key import ApiKey
from lipdrop.segmind.client import Segmind
from lipdrop.segmind.errors import AccountTrouble, NotSent

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NAME = "/lipdrop/segmind-api-key"


class Timer:
    """A clock that stands still until it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Failing:
    """A client whose calls fail with `error`, and then succeed no more."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_parameter(self, **_asked: object) -> None:
        raise self.error


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> "Iterator[SSMClient]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("ssm")
        client.put_parameter(Name=NAME, Value="SG_first\n", Type="SecureString")
        yield client


def _replace(ssm: "SSMClient", value: str) -> None:
    ssm.put_parameter(Name=NAME, Value=value, Type="SecureString", Overwrite=True)


def test_the_key_is_decrypted_and_trimmed(ssm: "SSMClient") -> None:
    assert ApiKey(ssm, NAME)() == "SG_first"


def test_a_replaced_key_is_noticed_when_the_old_reading_is_five_minutes_old(ssm: "SSMClient") -> None:
    timer = Timer()
    key = ApiKey(ssm, NAME, timer=timer)
    key()
    _replace(ssm, "SG_second")
    timer.now += 299
    assert key() == "SG_first"
    timer.now += 2
    assert key() == "SG_second"


def test_a_replaced_key_is_noticed_at_once_on_refresh(ssm: "SSMClient") -> None:
    key = ApiKey(ssm, NAME)
    key()
    _replace(ssm, "SG_second")
    assert key.refresh() == "SG_second"
    assert key() == "SG_second"


def test_a_missing_key_is_the_accounts_trouble_and_names_the_parameter(ssm: "SSMClient") -> None:
    with pytest.raises(AccountTrouble, match=r"/other \(ParameterNotFound\)"):
        ApiKey(ssm, "/other")()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetParameter"), AccountTrouble),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter"), NotSent),
        (EndpointConnectionError(endpoint_url="https://ssm.example"), NotSent),
    ],
)
def test_trouble_with_ssm_is_told_apart(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ApiKey(Failing(error), NAME)()  # type: ignore[arg-type]


def test_an_old_reading_serves_on_while_ssm_does_not_answer(
    ssm: "SSMClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    timer = Timer()
    key = ApiKey(ssm, NAME, timer=timer)
    key()
    throttled = Failing(ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter"))
    monkeypatch.setattr(key, "_client", throttled)
    timer.now += 10_000
    assert key() == "SG_first"


def test_the_key_is_not_shown(ssm: "SSMClient") -> None:
    key = ApiKey(ssm, NAME)
    key()
    assert repr(key) == f"ApiKey({NAME!r})"


def test_the_client_of_the_stack_is_made_from_its_parameters(
    ssm: "SSMClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DROP_BUCKET", "RESULTS_BUCKET", "TOPIC_ARN", "JOBS_TABLE"):
        monkeypatch.setenv(name, "x")
    settings.cache_clear()
    try:
        assert repr(Segmind.from_env()) == "Segmind('https://api.segmind.com')"
    finally:
        settings.cache_clear()
