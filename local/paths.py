"""Where the local run keeps its things, all of them inside the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
BUILD = ROOT / ".aws-sam" / "build"
NATIVE_BUILD = HOME / "native" / "build"
SAM = HOME / "sam" / "bin" / "sam"
MINISTACK = HOME / "ministack" / "bin" / "ministack"
PYTHON_BIN = ROOT / ".venv" / "bin"
MEDIA = ROOT / "local" / "media"
