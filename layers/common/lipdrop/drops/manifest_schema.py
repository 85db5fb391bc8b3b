"""What a manifest under `jobs/` may hold: the schema that docs/manifest.schema.json publishes.

Each field's `description` is what people are told is allowed when what they gave is refused.
"""

from typing import Any

from lipdrop.drops.options import READERS, SYNC_MODES

MOST_JOBS = 1000
SOURCES = (("video", "video_url"), ("audio", "audio_url"))
"""Of each pair exactly one is given."""

_LINK = {
    "type": "string",
    "pattern": r"^[hH][tT][tT][pP][sS]://[^\s/@?#]+([/?#]\S*)?$",
    "maxLength": 4096,
    "description": "an https link of at most 4,096 characters, without a user name, that Segmind can fetch",
}
_KEY = {
    "type": "string",
    "pattern": r"^(?![hH][tT][tT][pP][sS]?://)(?!/)(?!inbox/)(?!aliases/).*[^/]$",
    "maxLength": 1100,
    "description": "a key of the drop bucket outside inbox/, or s3://<drop bucket>/<key>"
    " (for links: video_url, audio_url)",
}
_NAME = {
    "type": "string",
    "pattern": r"^(?!/)(?!\s*$)(?!.*//)(?!(.*/)?\.{1,2}(/|$))[^\u0000-\u001f\u007f]*[^/\u0000-\u001f\u007f]$",
    "maxLength": 1000,
    "description": "the result's place without an ending, as launch/fr: at most 1,000 bytes of UTF-8, no"
    " slash at the ends, no empty, . or .. part, no control characters",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "sync_mode": {"type": "string", "enum": list(SYNC_MODES)},
    "temperature": {"type": "number", "minimum": 0, "maximum": 1},
    "auto_active_speaker_detection": {"type": "boolean"},
    "occlusion_detection_enabled": {"type": "boolean"},
}
PROPERTIES: dict[str, dict[str, Any]] = {
    "video_url": _LINK,
    "audio_url": _LINK,
    "video": _KEY,
    "audio": _KEY,
    **{name: schema | {"description": READERS[name].allowed} for name, schema in _OPTIONS.items()},
    "name": _NAME,
    "dry_run": {"type": "boolean", "description": "true (check, price and notify only) or false"},
}

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Lipdrop manifest",
    "description": "A file jobs/<name>.json in the drop bucket: one job, or a list of jobs. A body for "
    "Segmind's API is a job as it is. What a job does not say is taken from the metadata of its voice, then "
    "of its video, then from the parameters of the stack.",
    "oneOf": [
        {"$ref": "#/definitions/job"},
        {"type": "array", "items": {"$ref": "#/definitions/job"}, "minItems": 1, "maxItems": MOST_JOBS},
    ],
    "definitions": {
        "job": {
            "type": "object",
            "properties": PROPERTIES,
            "additionalProperties": False,
            "allOf": [{"oneOf": [{"required": [field]} for field in pair]} for pair in SOURCES],
        }
    },
}
