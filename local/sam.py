"""Build and deploy the repository's own template with SAM CLI, as on AWS, only to another endpoint."""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from local import paths
from local.aws import CREDENTIALS
from local.processes import LocalRunError

STACK_NAME = "lipdrop"
_SOURCES = ("template.yaml", "statemachine", "functions", "layers", ".python-version")


def build() -> None:
    """Run `sam build` unless what it built from is unchanged; raises LocalRunError with SAM's own words."""
    paths.HOME.mkdir(exist_ok=True)
    stamp = paths.HOME / "built"
    with (paths.HOME / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = _fingerprint()
        if (paths.BUILD / "template.yaml").exists() and stamp.exists() and stamp.read_text() == sources:
            return
        _sam("build", "--cached", "--parallel", environment={})
        stamp.write_text(sources)


def deploy(endpoint: str, parameters: Mapping[str, str], *, template: Path | None = None) -> None:
    """Run `sam deploy` of the built `template` (default: this repository's) against `endpoint`."""
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    _sam(
        "deploy",
        "--template-file",
        str(template or paths.BUILD / "template.yaml"),
        "--stack-name",
        STACK_NAME,
        "--capabilities",
        "CAPABILITY_IAM",
        "--resolve-s3",
        "--no-confirm-changeset",
        "--no-progressbar",
        "--no-fail-on-empty-changeset",
        *(["--parameter-overrides", *overrides] if overrides else []),
        environment={"AWS_ENDPOINT_URL": endpoint, **CREDENTIALS},
    )


def _sam(command: str, *words: str, environment: Mapping[str, str]) -> None:
    path = f"{paths.PYTHON_BIN}{os.pathsep}{os.environ['PATH']}"
    with TemporaryDirectory(prefix="lipdrop-sam-") as scratch:  # SAM leaves its own folders lying
        done = subprocess.run(
            [str(paths.SAM), command, *words],
            cwd=paths.ROOT,
            env={**os.environ, "PATH": path, "TMPDIR": scratch, "SAM_CLI_TELEMETRY": "0", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise LocalRunError(f"sam {command} ended with {done.returncode}:\n{tail}")


def _fingerprint() -> str:
    files = (
        path
        for source in _SOURCES
        for path in sorted([paths.ROOT / source, *(paths.ROOT / source).rglob("*")])
        if path.is_file() and "__pycache__" not in path.parts
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(paths.ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
