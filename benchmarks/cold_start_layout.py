"""What a function sees on AWS: its own folder, its layers unpacked together, the runtime's boto3.

Made from the built artifact, and from nothing else of this repository.
"""

import compileall
import shutil
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cfnlint.decode.cfn_yaml import load as load_template

from local import paths, sam

RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
"""What the runtime brings along for boto3."""


def layers() -> dict[str, list[str]]:
    """Return each function's layers, as the template gives them, the common one first."""
    template = load_template(str(paths.ROOT / "template.yaml"))
    common = template["Globals"]["Function"]["Layers"]
    functions = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    return {
        str(name): [str(layer["Ref"]) for layer in [*common, *own.get("Layers", [])]]
        for name, own in functions.items()
    }


@dataclass(frozen=True)
class Layout:
    """Where the pieces of the artifact lie; `path` puts them together."""

    root: Path

    def path(self, functions: Sequence[str], with_layers: Sequence[str]) -> list[str]:
        """Return the `sys.path` entries of these functions with these layers, in Lambda's order."""
        parts = [*functions, *(f"{layer}/python" for layer in with_layers), "runtime"]
        return [str(self.root / part) for part in parts]


@contextmanager
def laid_out() -> Iterator[tuple[Layout, Layout]]:
    """Yield the artifact as built, and a copy without the layers' bytecode; both are removed afterwards.

    SAM by itself packages no bytecode, and a function cannot write any; the runtime's own boto3 is compiled
    in both.
    """
    template = sam.build()
    with TemporaryDirectory(prefix="lipdrop-cold-") as folder:
        built, bare = Path(folder, "built"), Path(folder, "bare")
        shutil.copytree(template.parent, built)
        shutil.copytree(template.parent, bare, ignore=shutil.ignore_patterns("__pycache__"))
        for root in (built, bare):
            _copy_runtime(root / "runtime")
            compileall.compile_dir(root / "runtime", quiet=1)
        yield Layout(built), Layout(bare)


def size(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _copy_runtime(target: Path) -> None:
    """Take boto3 from the local AWS's environment: the tests' own holds the layers' packages too."""
    version = sysconfig.get_python_version()
    source = paths.MINISTACK.parent.parent / "lib" / f"python{version}" / "site-packages"
    target.mkdir()
    for name in RUNTIME:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, target / name)
