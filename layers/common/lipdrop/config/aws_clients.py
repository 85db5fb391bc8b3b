"""How the functions call AWS: botocore's own retries, and timeouts that fit into a Lambda's."""

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
"""For the ledger around a POST: with a silent DynamoDB, too, the function must have time to answer."""
S3_CONFIG = AWS_CONFIG.merge(Config(signature_version="s3v4"))
"""For signing links: without it boto3 signs them in us-east-1 the old way, which SSE-KMS refuses."""


def s3_config(endpoint_url: str | None) -> Config:
    """Return how S3 is called at `endpoint_url` (None: on AWS), and its links are signed.

    On AWS by the bucket's own regional host name. Otherwise boto3 signs for the global host, which outside
    of us-east-1 answers with a redirect that the signature does not survive, and in the newer regions with
    an error. An endpoint of one's own has no such host names.
    """
    return S3_CONFIG if endpoint_url else S3_CONFIG.merge(Config(s3={"addressing_style": "virtual"}))


def endpoint() -> str | None:
    """Return where this process finds AWS: None on AWS itself, the stack's own word in a local run.

    Not botocore's AWS_ENDPOINT_URL: `sam local invoke` can only hand an unused variable over empty, and
    that one breaks boto3 when it is.
    """
    return settings().local_aws_endpoint or None
