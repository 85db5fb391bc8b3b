"""One copy from a URL to S3 by one method, in a process of its own: `python -m benchmarks.copy_methods`.

The peers' methods are written again from their documentation, with the usual settings of each:

- `upload_fileobj`: boto3's managed transfer fed with `response.raw` (8 MiB parts, 10 threads);
- `chunks_128_mib`: the pattern of aws-samples' `lambda-s3-download`: read 128 MiB of the stream, upload it
  as a part, read the next;
- `whole_body`: `response.content`, then one PutObject.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import requests
from botocore.config import Config

from lipdrop.config.aws_clients import S3_CONFIG
from lipdrop.download.http_source import LinkSource
from lipdrop.download.ssrf_guard import POOL_CONNECTIONS, new_download_session
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.results.copy_limits import Limits
from lipdrop.results.results_bucket import ResultsBucket
from lipdrop.results.transfer import Target, copy
from lipdrop.results.verification import verified

BUCKET, KEY = "results", "fr.mp4"
CHUNK = 128 << 20


def lipdrop(client: Any, url: str, connections: int) -> dict[str, Any]:
    """Copy as finalize does, verification included. `connections` 0 takes the default."""
    limits = Limits(max_bytes=1 << 40)
    if connections:
        limits = Limits(max_bytes=1 << 40, connections=connections, buffers=connections * 3 // 2)
    with MediaInfoPool() as parser:
        source = LinkSource(new_download_session(url), url, trusted_base_url=url)
        copied = copy(
            source,
            ResultsBucket(client, BUCKET),
            Target(name=KEY.removesuffix(".mp4"), metadata={"job-id": "benchmark"}),
            lambda passed: verified(passed, partial(probe, parser=parser), None),
            limits,
        )
    return {"method": copied.way.method, "connections": copied.way.connections}


def upload_fileobj(client: Any, url: str, _connections: int) -> dict[str, Any]:
    """boto3's managed transfer over the response's raw stream."""
    with requests.get(url, stream=True, timeout=60) as response:
        response.raise_for_status()
        client.upload_fileobj(response.raw, BUCKET, KEY)
    return {}


def chunks_128_mib(client: Any, url: str, _connections: int) -> dict[str, Any]:
    """Large chunks, one after the other."""
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=KEY)
    place = {"Bucket": BUCKET, "Key": KEY, "UploadId": upload["UploadId"]}
    parts = []
    with requests.get(url, stream=True, timeout=60) as response:
        response.raise_for_status()
        for number, chunk in enumerate(response.iter_content(chunk_size=CHUNK), start=1):
            answer = client.upload_part(**place, PartNumber=number, Body=chunk)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    return {}


def whole_body(client: Any, url: str, _connections: int) -> dict[str, Any]:
    """Everything in memory."""
    response = requests.get(url, timeout=60)
    response.raise_for_status()
    client.put_object(Bucket=BUCKET, Key=KEY, Body=response.content)
    return {}


METHODS: dict[str, Callable[[Any, str, int], dict[str, Any]]] = {
    "lipdrop": lipdrop,
    "upload_fileobj": upload_fileobj,
    "chunks_128_mib": chunks_128_mib,
    "whole_body": whole_body,
}


def measure(method: str, source: str, sink: str, size: int, connections: int) -> dict[str, Any]:
    """Copy `size` bytes and return seconds, processor seconds and the process's peak memory."""
    config = S3_CONFIG.merge(
        Config(max_pool_connections=POOL_CONNECTIONS, read_timeout=60, s3={"addressing_style": "path"})
    )
    client = boto3.client(
        "s3",
        endpoint_url=sink,
        region_name="us-east-1",
        aws_access_key_id="benchmark",
        aws_secret_access_key="benchmark",
        config=config,
    )
    began, cpu_began = time.perf_counter(), time.process_time()
    extra = METHODS[method](client, f"{source}/{size}", connections)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "method": method,
        "bytes": size,
        "seconds": round(seconds, 3),
        "mb_per_second": round(size / seconds / 1e6, 1),
        "cpu_seconds_per_gb": round((cpu + helpers.ru_utime + helpers.ru_stime) / (size / 1e9), 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "way": extra,
    }


if __name__ == "__main__":
    name, source, sink, size, connections = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(name, source, sink, int(size), int(connections))) + "\n")
