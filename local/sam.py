"""Build and deploy the repository's own template with SAM CLI, as on AWS, only to another endpoint."""

import fcntl
import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from local import paths
from local.aws import CREDENTIALS
from local.processes import LocalRunError

STACK_NAME = "lipdrop"
_SOURCES = ("template.yaml", "statemachine", "functions", "layers", ".python-version")


RUNS_LAMBDAS_WHEELS = (platform.system(), platform.machine(), platform.libc_ver()[0]) == (
    "Linux",
    "x86_64",
    "glibc",
)
"""Whether the local AWS, which runs the functions on this very machine, can load Lambda's own layers."""


def build() -> Path:
    """Run `sam build` for the local stack unless nothing changed since; return the built template.

    Where this machine cannot load Lambda's wheels, the build goes into a folder of its own: one for AWS must
    never take a layer from it. Raises LocalRunError with SAM's own words.
    """
    if RUNS_LAMBDAS_WHEELS:
        return build_for_lambda()
    own = ("--build-dir", str(paths.NATIVE_BUILD), "--cache-dir", str(paths.HOME / "native-cache"))
    return _build(paths.NATIVE_BUILD, *own, environment={"LAYER_WHEELS": "native"})


def build_for_lambda() -> Path:
    """Run `sam build` as for AWS, which `sam local` uses too; return the built template."""
    return _build(paths.BUILD, environment={})


def _build(folder: Path, *words: str, environment: Mapping[str, str]) -> Path:
    paths.HOME.mkdir(exist_ok=True)
    stamp = paths.HOME / f"built-{folder.parent.name}"
    template = folder / "template.yaml"
    with (paths.HOME / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = _fingerprint()
        if not (template.exists() and stamp.exists() and stamp.read_text() == sources):
            _sam("build", "--cached", "--parallel", *words, environment=environment)
            stamp.write_text(sources)
    return template


def deploy(endpoint: str, parameters: Mapping[str, str], *, template: Path) -> None:
    """Run `sam deploy` of the built `template` against `endpoint`."""
    overrides = [f"{name}={quoted(value)}" for name, value in parameters.items()]
    _sam(
        "deploy",
        "--template-file",
        str(template),
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


def quoted(value: str) -> str:
    """Return `value` as SAM CLI reads it in `--parameter-overrides`: in quotes if it needs them."""
    if value and not re.search(r"[\s\"'\\]", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
