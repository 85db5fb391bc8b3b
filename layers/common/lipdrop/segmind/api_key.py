"""The Segmind API key, from its SecureString parameter in SSM; never in the environment, never in a log."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lipdrop.config.aws_clients import AWS_CONFIG, endpoint
from lipdrop.config.settings import settings
from lipdrop.segmind.errors import AccountTrouble, NotSent

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MAX_AGE_SECONDS = 300.0
"""A replaced key is noticed after 5 minutes at the latest, and at once when the old one is refused."""

# Short: the key is read between the promise to POST and the POST, within one function timeout.
_CONFIG = AWS_CONFIG.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3)
)

_PASSING = {"ThrottlingException", "InternalServerError", "ServiceUnavailable", "RequestTimeout"}


class ApiKey:
    """The key as a callable: `key()` reads it at most once in `max_age` seconds, `refresh()` reads it now.

    Raises AccountTrouble when the parameter is missing or may not be read: jobs wait until somebody
    mends it; NotSent when SSM does not answer: nothing has gone to Segmind yet.
    """

    def __init__(
        self,
        client: "SSMClient",
        name: str,
        *,
        max_age: float = MAX_AGE_SECONDS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._name = name
        self._max_age = max_age
        self._timer = timer
        self._value: str | None = None
        self._read_at = 0.0

    @classmethod
    def from_env(cls) -> Self:
        """Return the key under the stack's parameter, read through this process's own AWS client."""
        return cls(
            boto3.client("ssm", config=_CONFIG, endpoint_url=endpoint()), settings().segmind_api_key_parameter
        )

    def __repr__(self) -> str:
        """Name the parameter, not its value."""
        return f"ApiKey({self._name!r})"

    def __call__(self) -> str:
        """Return the key, read at most `max_age` seconds ago; an older one only while SSM does not answer."""
        if self._value is None:
            return self.refresh()
        if self._timer() - self._read_at < self._max_age:
            return self._value
        try:
            return self.refresh()
        except NotSent:
            return self._value

    def refresh(self) -> str:
        """Read the key now and return it."""
        try:
            reply = self._client.get_parameter(Name=self._name, WithDecryption=True)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            kind = NotSent if code in _PASSING else AccountTrouble
            raise kind(f"The API key could not be read from the parameter {self._name} ({code}).") from None
        except BotoCoreError as error:
            raise NotSent(f"SSM did not answer for the API key ({type(error).__name__}).") from None
        self._value = reply["Parameter"].get("Value", "").strip()
        self._read_at = self._timer()
        return self._value
