"""`python -m local.aws_proxy --port 8400 --upstream http://127.0.0.1:4566`."""

import argparse
import asyncio
from contextlib import suppress

from local.aws_proxy.server import run


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="local.aws_proxy", description="A proxy before the local AWS.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--upstream", default="", help="the local AWS; it can be told later")
    wanted = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(run(wanted.port, wanted.upstream))


if __name__ == "__main__":
    main()
