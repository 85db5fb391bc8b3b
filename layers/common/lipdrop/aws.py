"""How the functions call AWS: botocore's own retries, and timeouts that fit into a Lambda's."""

from botocore.config import Config

AWS_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=3,  # botocore's default is 60 s, most of the shortest function timeout
    read_timeout=10,
)
S3_CONFIG = AWS_CONFIG.merge(Config(signature_version="s3v4"))
"""For whoever presigns: without it boto3 signs links in us-east-1 the old way, which SSE-KMS refuses."""
