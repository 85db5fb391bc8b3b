"""Which call of which service a request is, read from its head (and, for SNS, its form)."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from local.aws_proxy.model import Call
from local.aws_proxy.wire import Head

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")


def named(head: Head, form: bytes) -> Call:
    """Return the call; `form` is the body of a form request, empty otherwise."""
    target = head.get("x-amz-target")
    if target:
        return Call(_service(head), target.rpartition(".")[2])
    if form:
        return Call(_service(head), parse_qs(form.decode(errors="replace")).get("Action", ["?"])[0])
    parts = urlsplit(head.target)
    query = parse_qs(parts.query, keep_blank_values=True)
    service = "s3-presigned" if "X-Amz-Signature" in query else _service(head)
    return Call(service, _s3(head, unquote(parts.path), query))


def _service(head: Head) -> str:
    """Return the service that the request is signed for, `s3` for one that is not signed."""
    scope = _SCOPE.search(head.get("authorization"))
    return scope[1] if scope else "s3"


def _s3(head: Head, path: str, query: dict[str, list[str]]) -> str:
    """Return S3's name for a method, a path and a query."""
    thing = "Object" if "/" in path.strip("/") else "Bucket"
    match head.method:
        case "GET" if "list-type" in query:
            return "ListObjectsV2"
        case "GET" if "uploads" in query:
            return "ListMultipartUploads"
        case "GET" | "HEAD" | "DELETE" if "uploadId" not in query:
            return f"{head.method.capitalize()}{thing}"
        case "DELETE":
            return "AbortMultipartUpload"
        case "POST" if "uploads" in query:
            return "CreateMultipartUpload"
        case "POST" if "uploadId" in query:
            return "CompleteMultipartUpload"
        case "PUT" if "partNumber" in query:
            return "UploadPart"
        case "PUT":
            return f"Put{thing}"
        case method:
            return f"{method.capitalize()}{thing}"
