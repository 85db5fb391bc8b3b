"""Throttling and server errors as each service words them, for a client that reads their codes."""

import json
import uuid
from http import HTTPStatus

from local.aws_proxy.model import Call

_TEXT = {
    "throttle": "Please reduce your request rate.",
    "error": "We encountered an internal error. Please try again.",
}
_REFUSALS = {
    # Status and code by service; DynamoDB, Step Functions, SSM and SNS answer 400 when they throttle.
    ("s3", "throttle"): (503, "SlowDown"),
    ("s3", "error"): (500, "InternalError"),
    ("sns", "throttle"): (400, "Throttling"),
    ("sns", "error"): (500, "InternalError"),
    ("dynamodb", "throttle"): (
        400,
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    ),
    ("dynamodb", "error"): (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
    ("ssm", "error"): (500, "InternalServerError"),
}
_OTHERS = {"throttle": (400, "ThrottlingException"), "error": (500, "InternalFailure")}
_S3 = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message></Error>'
_SNS = (
    '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
    "<Code>{code}</Code><Message>{text}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
)


def refusal(call: Call, what: str, *, silent: bool) -> bytes:
    """Return the whole reply of `call`'s service when it throttles or fails.

    `silent`: the request was a HEAD, whose reply has no body.
    """
    service = call.service.removesuffix("-presigned")
    status, code = _REFUSALS.get((service, what), _OTHERS[what])
    if service in ("s3", "sns"):
        template = _S3 if service == "s3" else _SNS
        text = template.format(code=code, text=_TEXT[what], request=uuid.uuid4())
        return _reply(status, "application/xml", text, silent=silent)
    text = json.dumps({"__type": code, "message": _TEXT[what]})
    return _reply(status, "application/x-amz-json-1.0", text, silent=silent)


def plain(status: int, text: str) -> bytes:
    """Return a JSON reply of the control surface."""
    return _reply(status, "application/json", text, silent=False)


def _reply(status: int, kind: str, text: str, *, silent: bool) -> bytes:
    body = text.encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
        f"x-amzn-requestid: {uuid.uuid4()}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if silent else body)
