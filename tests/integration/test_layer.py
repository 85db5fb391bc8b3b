"""The layers as `sam build` makes them, on this machine and, by the tags of their wheels, on others."""

import os
import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from local import paths, sam

LAYERS = ("CommonLayer", "MediaLayer")
UNCHECKED_HASH = b"\x01\0\0\0"
"""The flags in a bytecode file's header that make Python take it without a look at the source (PEP 552)."""
ELF_X86_64 = (b"\x7fELF", b"\x3e\x00")
MANYLINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux2014")
HOSTS = {
    "Mac arm64": ("arm64", ["macosx_14_0"]),
    "Mac x86": ("x86_64", ["macosx_14_0"]),
    "Linux ARM": ("aarch64", MANYLINUX),
    "Linux x86": ("x86_64", MANYLINUX),
    "Windows": ("amd64", ["win"]),
}
"""Where people develop, as pip names it: the processor, and the kinds of wheels that load there."""


@pytest.fixture(scope="module")
def built() -> Path:
    return sam.build_for_lambda().parent


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest, built: Path) -> Path:
    return built / str(request.param) / "python"


def wheel_tags(layer: Path) -> dict[str, set[str]]:
    """Return the platforms that each package's wheel is made for, by package."""
    return {
        wheel.parent.name: {
            line.rsplit("-", 1)[1] for line in wheel.read_text().splitlines() if line.startswith("Tag: ")
        }
        for wheel in layer.glob("*.dist-info/WHEEL")
    }


def test_every_module_comes_with_bytecode_that_is_taken_as_it_is(layer: Path) -> None:
    modules = list(layer.rglob("*.py"))

    assert modules
    for module in modules:
        assert Path(cache_from_source(str(module))).read_bytes()[4:8] == UNCHECKED_HASH, module


def test_bytecode_names_the_place_that_the_layer_has_on_lambda(built: Path) -> None:
    layer = built / "CommonLayer" / "python"
    bytecode = Path(cache_from_source(str(layer / "lipdrop" / "finalize" / "finalizer.py"))).read_bytes()

    assert b"/opt/python/lipdrop/finalize/finalizer.py" in bytecode
    assert bytes(layer) not in bytecode


def test_every_wheel_is_one_that_lambdas_linux_loads(layer: Path) -> None:
    tags = wheel_tags(layer)

    assert tags
    for package, platforms in tags.items():
        assert all(re.fullmatch(r"any|manylinux\w+_x86_64", tag) for tag in platforms), package


def test_every_compiled_file_is_linux_x86_64(layer: Path) -> None:
    libraries = [
        path for path in layer.rglob("*") if ".so" in path.suffixes or path.suffix in {".dylib", ".dll"}
    ]

    assert libraries
    for library in libraries:
        head = library.read_bytes()[:20]
        assert (head[:4], head[18:20]) == ELF_X86_64, library


def test_nothing_but_packages_lies_in_the_layer(layer: Path) -> None:
    assert not (layer / "bin").exists()
    assert not list(layer.glob("requirements*"))


@pytest.mark.parametrize("name", ["common", "media"])
def test_what_the_layer_holds_does_not_depend_on_the_machine_that_builds_it(name: str) -> None:
    """pip takes the wheels from the platform that it is told, and only markers from the one it runs on."""
    folder = paths.ROOT / "layers" / name
    recipe = (folder / "Makefile").read_text()

    assert ";" not in (folder / "requirements.txt").read_text()
    assert "--only-binary :all:" in recipe
    assert "--implementation cp --python-version 3.13" in recipe


@pytest.mark.slow
@pytest.mark.parametrize("name", ["common", "media"])
@pytest.mark.parametrize("host", HOSTS)
def test_the_local_stack_of_each_kind_of_machine_finds_wheels_of_its_own(
    name: str, host: str, tmp_path: Path
) -> None:
    processor, kinds = HOSTS[host]
    requirements = paths.ROOT / "layers" / name / "requirements.txt"
    command = f"""{sys.executable} -m pip install --quiet --disable-pip-version-check --no-compile
        {" ".join(f"--platform {kind}_{processor}" for kind in kinds)}
        --implementation cp --python-version 3.13
        --require-hashes --only-binary :all: --target {tmp_path} --requirement {requirements}"""
    subprocess.run(command.split(), check=True)

    platforms = set().union(*wheel_tags(tmp_path).values()) - {"any"}
    system = kinds[0].split("_")[0]
    assert all(tag.startswith(system) and tag.endswith((processor, "universal2")) for tag in platforms)


def test_a_native_build_is_made_by_the_same_recipe(tmp_path: Path) -> None:
    """The way of a Mac's local stack, on this machine: without `--platform`, pip takes the machine's own."""
    subprocess.run(
        ["make", "-s", "-C", str(paths.ROOT / "layers" / "media"), "build-MediaLayer"],
        env={
            **os.environ,
            "PATH": f"{paths.PYTHON_BIN}{os.pathsep}{os.environ['PATH']}",
            "ARTIFACTS_DIR": str(tmp_path),
            "LAYER_WHEELS": "native",
        },
        check=True,
    )
    code = "import pymediainfo; assert pymediainfo.MediaInfo.can_parse()"
    subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'python')!r}); {code}"],
        check=True,
    )
