"""Configuration of the boto3 clients: botocore's own retries, and timeouts that fit into a Lambda's."""

from botocore.config import Config

from lipdrop.config.settings import settings

AWS_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=3,  # botocore's default is 60 s, most of the shortest function timeout
    read_timeout=10,
)
PROMPT_CONFIG = AWS_CONFIG.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=3)
)
"""For the ledger around a POST: even if DynamoDB does not answer, the function must have time to return."""
S3_CONFIG = AWS_CONFIG.merge(Config(signature_version="s3v4"))
"""For presigning: without it boto3 uses signature version 2 in us-east-1, which SSE-KMS refuses."""


def s3_config(endpoint_url: str | None) -> Config:
    """Return the configuration for calls and presigning at the S3 of `endpoint_url` (None: AWS itself).

    On AWS it uses the bucket's regional host name. Otherwise boto3 signs for the global host, which outside
    us-east-1 answers with a redirect that invalidates the signature, and in newer regions with an error. The
    local AWS has no such host names.
    """
    return S3_CONFIG if endpoint_url else S3_CONFIG.merge(Config(s3={"addressing_style": "virtual"}))


def endpoint() -> str | None:
    """Return the endpoint of AWS for this process: None on AWS itself, the stack's parameter in a local run.

    botocore's AWS_ENDPOINT_URL is not used: `sam local invoke` passes an unused variable as an empty text,
    and an empty AWS_ENDPOINT_URL breaks boto3.
    """
    return settings().local_aws_endpoint or None
