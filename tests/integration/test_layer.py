"""The common layer as `sam build` makes it."""

from importlib.util import cache_from_source
from pathlib import Path

import pytest

from local import paths, sam

UNCHECKED_HASH = b"\x01\0\0\0"
"""The flags in a bytecode file's header that make Python take it without a look at the source (PEP 552)."""


@pytest.fixture(scope="module")
def layer() -> Path:
    sam.build()
    return paths.BUILD / "CommonLayer" / "python"


def test_every_module_comes_with_bytecode_that_is_taken_as_it_is(layer: Path) -> None:
    modules = list(layer.rglob("*.py"))

    assert layer / "lipdrop" / "finalize" / "finalizer.py" in modules
    assert layer / "requests" / "sessions.py" in modules
    for module in modules:
        assert Path(cache_from_source(str(module))).read_bytes()[4:8] == UNCHECKED_HASH, module


def test_bytecode_names_the_place_that_the_layer_has_on_lambda(layer: Path) -> None:
    bytecode = Path(cache_from_source(str(layer / "lipdrop" / "finalize" / "finalizer.py"))).read_bytes()

    assert b"/opt/python/lipdrop/finalize/finalizer.py" in bytecode
    assert bytes(layer) not in bytecode


def test_compiled_packages_are_those_of_lambdas_linux(layer: Path) -> None:
    libraries = [path.name for path in layer.rglob("*.so")]

    assert libraries
    assert all("cpython-313-x86_64-linux-gnu" in name for name in libraries)


def test_nothing_but_packages_lies_in_the_layer(layer: Path) -> None:
    assert not (layer / "bin").exists()
    assert not list(layer.glob("requirements*"))
