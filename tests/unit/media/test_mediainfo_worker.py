"""What a hostile file could do if it took over MediaInfo's process: as little as possible."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFINED = """
import io
from lipdrop.media.mediainfo_worker import confine, report_tracks
confine()
for path, mode in (("/proc/{parent}/environ", "rb"), ("/proc/self/environ", "rb"), ("{written}", "wb")):
    try:
        open(path, mode)
    except OSError:
        continue
    print("opened", path)
report_tracks(0, io.BytesIO(), out := io.BytesIO())
print("still works" if b"General" in out.getvalue() else "broken")
"""
SECRETIVE = """
import ctypes, os, sys
from lipdrop.media.mediainfo_pool import PR_SET_DUMPABLE, hide_environment
os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # which changing the user has taken away
if sys.argv[1] == "hidden":
    hide_environment()
print("ready", flush=True)
sys.stdin.read()
"""
CURIOUS = """
import os, sys
os.setgid(65534); os.setuid(65534)
try:
    print(b"AWS_SECRET" in open(f"/proc/{sys.argv[1]}/environ", "rb").read())
except PermissionError:
    print("denied")
"""


def python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def test_it_can_open_no_file_and_still_parses(tmp_path: Path) -> None:
    code = CONFINED.replace("{parent}", str(os.getpid())).replace("{written}", str(tmp_path / "x"))

    assert python(code) == "still works"


@pytest.mark.skipif(
    os.getuid() != 0 or sys.platform != "linux", reason="only root can become another user, on Linux"
)
@pytest.mark.parametrize(("how", "answer"), [("open", "True"), ("hidden", "denied")])
def test_the_parents_environment_cannot_be_read_by_another_process_of_its_user(how: str, answer: str) -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "AWS_SECRET_ACCESS_KEY": "hidden"}
    command = [sys.executable, "-c", SECRETIVE, how]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        seen = python(CURIOUS, str(parent.pid))
    assert seen == answer
