"""`python -m local.standin --port 8300 --key secret --processing-seconds 20`: one option for each setting."""

import argparse

import msgspec

from local.standin.model import StandinSettings
from local.standin.server import listen, server


def main() -> None:
    """Serve until a signal comes; say the address on one line when ready."""
    parser = argparse.ArgumentParser(prog="local.standin", description="A stand-in for Segmind.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    for setting in msgspec.structs.fields(StandinSettings):
        parser.add_argument(f"--{setting.name.replace('_', '-')}", default=setting.default)
    given = vars(parser.parse_args())
    listener, base_url = listen(given.pop("host"), given.pop("port"))
    settings = msgspec.convert(given, StandinSettings, strict=False)
    server(settings, lambda: print(f"Stand-in Segmind ready on {base_url}", flush=True)).run([listener])


if __name__ == "__main__":
    main()
