"""Drops that are refused for what they are called, or for what lies around them: jobs with an error."""

from typing import Any

from lipdrop.drops.drop_bucket import Drop
from lipdrop.drops.manifest import FOLDER
from lipdrop.drops.pairing import (
    FOLDER_VIDEO,
    INBOX,
    VIDEO_ENDINGS,
    VOICE_ENDINGS,
    has_dot_part,
    parse,
    result_name,
)
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, identity
from lipdrop.submit.conversion import conversion

_VIDEOS = ", ".join(f".{ending}" for ending in VIDEO_ENDINGS)
_VOICES = ", ".join(f".{ending}" for ending in VOICE_ENDINGS)


def refused(drop: Drop, code: str, message: str) -> Job:
    """Return the job by which the refusal of `drop` is told, once for each version of it."""
    field = "video" if parse(drop.object.key).ending in VIDEO_ENDINGS else "audio"
    return _job(drop, failure(code, message), **{field: drop.object})


def unsupported(drop: Drop) -> Job:
    """Refuse a file that is neither a video nor a voice by its name."""
    key = drop.object.key
    if has_dot_part(key):
        text = f'{key} has a part "." or "..", which a link to it cannot express.'
    elif key.startswith(FOLDER):
        text = (
            f"{_file(key)} is no manifest (.json); videos and voices are named in one, or dropped in {INBOX}."
        )
    else:
        text = f"{_file(key)} is neither a video ({_VIDEOS}) nor a voice ({_VOICES}).{conversion(_file(key))}"
    return refused(drop, "UNSUPPORTED_FILE", text)


def ambiguous(voice: Drop, videos: list[str]) -> Job:
    """Refuse a voice that fits more than one video."""
    names = " and ".join(_file(key) for key in videos)
    return refused(voice, "AMBIGUOUS_VIDEO", f"{_file(voice.object.key)} fits {names}: which is meant?")


def lonely_voice(voice: Drop, hours: float) -> Job:
    """Report a voice whose video never came."""
    name = parse(voice.object.key)
    stems = dict.fromkeys((name.stem, name.base or name.stem, FOLDER_VIDEO))
    wanted = " or ".join(f"{stem}.mp4" for stem in stems)
    text = f"{_alone(voice, hours)} there is no video for it: no {wanted} (or .mov, .webm, .avi)."
    return refused(voice, "ORPHANED_VOICE", text)


def lonely_video(video: Drop, hours: float) -> Job:
    """Report a video whose voices never came."""
    stem = parse(video.object.key).stem
    wanted = "no voice in its folder" if stem == FOLDER_VIDEO else f"no {stem}.mp3, {stem}.fr.mp3 or the like"
    text = f"{_alone(video, hours)} there is no voice for it: {wanted}."
    return refused(video, "ORPHANED_VIDEO", text)


def _alone(drop: Drop, hours: float) -> str:
    return f"{_file(drop.object.key)} was dropped more than {hours:g} hours ago and"


def refused_manifest(drop: Drop, failure: Failure) -> Job:
    """Refuse a whole file under `jobs/`, none of whose entries could be read."""
    return _job(drop, failure, manifest=drop.object)


def _job(drop: Drop, failure: Failure, **known: Any) -> Job:
    item, name = drop.object, _name(drop.object.key)
    job_id = identity(name, item.bucket, item.key, item.version, failure.code)
    return Job(job_id=job_id, name=name, error=failure, **known)


def _name(key: str) -> str:
    """Return a name for the record of a refused drop, without parts that a key should not have."""
    parts = result_name(key).removeprefix(FOLDER).split("/")
    return "/".join(part for part in parts if part not in (".", "..")) or "drop"


def _file(key: str) -> str:
    return key.rpartition("/")[2]
