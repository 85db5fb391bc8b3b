"""docs/dropping.md: every block is run as it stands there, and what it uploads becomes a job."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import paths
from local.sample_media import drops as media
from local.stack import Stack
from tests.support.dropping import subscribed
from tests.support.journey import hear, settled

DOCUMENT = (paths.ROOT / "docs" / "dropping.md").read_text()
BLOCKS = re.findall(r"^```(bash|python)\n(.+?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
FIRST = BLOCKS[0][1]
FOLDERS = {re.findall(r"inbox/(launch-\w+)", text)[0]: (kind, text) for kind, text in BLOCKS[1:]}
TOOLS = {"launch-rclone": "rclone", "launch-s3fs": "s3fs", "launch-mountpoint": "mount-s3"}
MOUNTS = ("launch-s3fs", "launch-mountpoint")


def run(stack: Stack, kind: str, text: str, directory: Path) -> None:
    """Run a block in a folder that holds `launch/`, sidecars included."""
    launch = directory / "launch"
    launch.mkdir()
    (launch / "video.mp4").write_bytes(media.video())
    (launch / "fr.mp3").write_bytes(media.voice())
    for name in ("fr.srt", "video.mp4.xmp", "IMG_0001.AAE", ".DS_Store", "video.mp4~"):
        (launch / name).write_bytes(b"a sidecar")
    script = (
        ["bash", "-euo", "pipefail", "-c", FIRST + text] if kind == "bash" else [sys.executable, "-c", text]
    )
    endpoint = stack.environment["AWS_ENDPOINT_URL"]
    done = subprocess.run(
        script,
        cwd=directory,
        env={
            "PATH": f"{paths.PYTHON_BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(directory),
            "DROP_BUCKET": stack.drop_bucket,
            "AWSACCESSKEYID": stack.environment["AWS_ACCESS_KEY_ID"],
            "AWSSECRETACCESSKEY": stack.environment["AWS_SECRET_ACCESS_KEY"],
            "RCLONE_S3_PROVIDER": "Other",
            "RCLONE_S3_ENDPOINT": endpoint,
            **stack.environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_a_block_uploads_becomes_a_job(stack: Stack, folder: str, tmp_path: Path) -> None:
    tool = TOOLS.get(folder)
    if tool and not shutil.which(tool):
        pytest.skip(f"{tool} is not installed here")
    if folder in MOUNTS and not os.access("/dev/fuse", os.W_OK):
        pytest.skip("FUSE does not work here: no mount can be made")
    subscriber = subscribed(stack, folder)

    run(stack, *FOLDERS[folder], tmp_path)

    (message,) = hear(subscriber, 1)
    assert (message["status"], message["name"]) == ("COMPLETED", f"{folder}/fr")
    wanted = {"launch-options": "cut_off", "launch-python": "loop"}.get(folder, "bounce")
    assert message["options"]["sync_mode"] == wanted
    settled(stack)
    assert list(subscriber.notifications()) == []
