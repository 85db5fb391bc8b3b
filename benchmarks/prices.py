"""AWS's list prices, and what a job costs by them. USD, us-east-1, x86, no free tier, no discounts.

Read in November 2026 from the services' pricing pages: aws.amazon.com/step-functions/pricing (Standard),
/lambda/pricing, /dynamodb/pricing/on-demand, /s3/pricing (Standard), /sns/pricing, /cloudwatch/pricing
(standard logs), /kms/pricing, /ec2/pricing/on-demand (Linux).
"""

import math
from collections.abc import Mapping

READ_IN = "2026-11"
REGION = "us-east-1"

STATE_TRANSITION = 25e-6
LAMBDA_REQUEST = 0.20e-6
LAMBDA_GB_SECOND = 0.0000166667
DYNAMODB_WRITE_UNIT = 0.625e-6
DYNAMODB_READ_UNIT = 0.125e-6
S3_PUT = 0.005 / 1000
"""PUT, COPY, POST and LIST, each part of a multipart upload included; DELETE and abort are free."""
S3_GET = 0.0004 / 1000
SNS_PUBLISH = 0.50e-6
LOG_BYTE = 0.50 / 1e9
KMS_REQUEST = 0.03 / 10_000
"""Each read of a SecureString decrypts it."""
T4G_SMALL_HOUR = 0.0168
HOURS_A_MONTH = 730

FULL_CPU_MB = 1769
"""Memory at which a function has one vCPU (Lambda developer guide); below, its share is in proportion."""

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096


def gb_seconds(milliseconds: float, memory_mb: int) -> float:
    """Return what is billed for work that took so long on a whole core.

    All of it is taken as work of the CPU, which a function with less memory has less of: what a call
    spends waiting for the network is billed too high here, never too low.
    """
    slower = max(1.0, FULL_CPU_MB / memory_mb)
    return milliseconds / 1000 * slower * memory_mb / 1024


def parts(counts: Mapping[str, float], item_bytes: int) -> dict[str, float]:
    """Return the price of one job by service; `counts` are `benchmarks.scale`'s, for one job.

    Every read and write of the Jobs table is counted as one of a job's item in its final size, every
    read as a consistent one: the upper end.
    """
    writes = counts["dynamodb_writes"] * math.ceil(item_bytes / WRITE_UNIT_BYTES)
    reads = counts["dynamodb_reads"] * math.ceil(item_bytes / READ_UNIT_BYTES)
    return {
        "Step Functions": counts["transitions"] * STATE_TRANSITION,
        "Lambda": counts["invocations"] * LAMBDA_REQUEST + counts["gb_seconds"] * LAMBDA_GB_SECOND,
        "DynamoDB": writes * DYNAMODB_WRITE_UNIT + reads * DYNAMODB_READ_UNIT,
        "S3 requests": counts["s3_puts"] * S3_PUT + counts["s3_gets"] * S3_GET,
        "SNS": counts["sns_publishes"] * SNS_PUBLISH,
        "Logs": counts["log_bytes"] * LOG_BYTE,
        "Key (SSM, KMS)": counts["key_reads"] * KMS_REQUEST,
    }


def running_lambda(seconds: float, memory_mb: int) -> float:
    """Return the price of a function that stays awake for `seconds` and looks every now and then."""
    return LAMBDA_REQUEST + seconds * memory_mb / 1024 * LAMBDA_GB_SECOND


def server_month() -> float:
    """Return the price of a t4g.small in one month."""
    return T4G_SMALL_HOUR * HOURS_A_MONTH
