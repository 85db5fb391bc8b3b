"""Jobs with an error: drops that are refused for their name, or for what is beside them in the bucket."""

from typing import Any

from lipdrop.drops.drop_bucket import Drop
from lipdrop.drops.manifest import FOLDER
from lipdrop.drops.near_misses import NearMiss
from lipdrop.drops.pairing import (
    FOLDER_VIDEO,
    INBOX,
    VIDEO_ENDINGS,
    VOICE_ENDINGS,
    classify,
    has_dot_part,
    parse,
    result_name,
)
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, identity
from lipdrop.submit.conversion import conversion, voice_command

_VIDEOS = ", ".join(f".{ending}" for ending in VIDEO_ENDINGS)
_VOICES = ", ".join(f".{ending}" for ending in VOICE_ENDINGS)


def unsupported(drop: Drop) -> Job:
    """Refuse a file that is neither a video nor a voice by its name.

    The job bears the file's whole name: `fr.docx` must not be told as if it were the voice `fr`.
    """
    return _refused(drop, "UNSUPPORTED_FILE", _unsupported(drop.object.key), _place(drop.object.key))


def ambiguous(voice: Drop, videos: list[str]) -> Job:
    """Refuse a voice that fits more than one video."""
    names = " and ".join(_file(key) for key in videos)
    return _refused(voice, "AMBIGUOUS_VIDEO", f"{_file(voice.object.key)} fits {names}: which is meant?")


def without_partner(drop: Drop, hours: float, near: NearMiss | None) -> Job:
    """Report a voice whose video never came, or a video whose voices never came, after `hours`.

    With a near miss the message says which file is nearly the partner and which name would make a pair.
    """
    is_voice = classify(drop.object.key) == "voice"
    missing = "video" if is_voice else "voice"
    waited = f"{hours:g} hours" if hours >= 1 else f"{hours * 60:g} minutes"
    text = f"{_file(drop.object.key)} was uploaded more than {waited} ago and there is no {missing} for it: "
    if near:
        text += _near(near)
    else:
        text += _no_video(drop.object.key) if is_voice else _no_voice(drop.object.key)
    return _refused(drop, "ORPHANED_VOICE" if is_voice else "ORPHANED_VIDEO", text)


def refused_manifest(drop: Drop, failure: Failure) -> Job:
    """Refuse a whole file under `jobs/`, none of whose entries could be read."""
    return _job(drop, failure, manifest=drop.object)


def _unsupported(key: str) -> str:
    file = _file(key)
    if has_dot_part(key):
        return f'{key} has a part "." or "..", which a link to it cannot express.'
    if key.startswith(FOLDER):
        return f"{file} is no manifest (.json); videos and voices are named in one, or dropped in {INBOX}."
    if parse(key).ending == "json":
        return f"{file} is neither a video nor a voice; a manifest is uploaded under {FOLDER}."
    return f"{file} is neither a video ({_VIDEOS}) nor a voice ({_VOICES}).{conversion(file)}"


def _near(near: NearMiss) -> str:
    other, renamed = _file(near.other), _file(near.renamed)
    if near.renamed != near.other and classify(near.renamed) == classify(near.other):
        how = f"upload it again as {near.name}."
        if parse(near.name).ending == "wav":
            how = f"convert it: {voice_command(renamed)}"
        return f"it ends like a video. If it is a voice for {other}, {how}"
    return f"{other} is nearly one by its name. To pair them, upload {renamed} again as {near.name}."


def _no_video(key: str) -> str:
    name = parse(key)
    stems = dict.fromkeys((name.stem, name.base or name.stem, FOLDER_VIDEO))
    return f"no {' or '.join(f'{stem}.mp4' for stem in stems)} (or .mov, .webm, .avi)."


def _no_voice(key: str) -> str:
    name = parse(key)
    return (
        "no voice in its folder."
        if name.is_folder_video
        else f"no {name.stem}.mp3, {name.stem}.fr.mp3 or the like."
    )


def _refused(drop: Drop, code: str, message: str, name: str = "") -> Job:
    """Return the job by which the refusal of `drop` is told, once for each version of it."""
    field = "video" if parse(drop.object.key).ending in VIDEO_ENDINGS else "audio"
    return _job(drop, failure(code, message), name, **{field: drop.object})


def _job(drop: Drop, failure: Failure, name: str = "", **known: Any) -> Job:
    item = drop.object
    name = name or _place(result_name(item.key))
    job_id = identity(name, item.bucket, item.key, item.version, failure.code)
    return Job(job_id=job_id, name=name, error=failure, **known)


def _place(key: str) -> str:
    """Return the place of a refused drop's record, without parts that a key should not have."""
    parts = key.removeprefix(INBOX).removeprefix(FOLDER).split("/")
    return "/".join(part for part in parts if part not in (".", "..")) or "drop"


def _file(key: str) -> str:
    return key.rpartition("/")[2]
