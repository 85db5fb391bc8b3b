"""A plain TCP forwarder: the ports of 127.0.0.1 on one more address of this machine, for containers.

    python -m local.forwarder --listen 172.17.0.1 4566 8300

The servers of the local run listen on 127.0.0.1 only, which a container cannot reach. `make up DOCKER=1`
runs this on the address of Docker's bridge, which only this machine and its containers can reach.
"""

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

CHUNK_BYTES = 65536


async def forward(address: str, ports: Sequence[int]) -> None:
    """Listen on each of `ports` of `address`, connect each client to that port of 127.0.0.1, until cancelled.

    Raises OSError when one of them cannot be listened on.
    """
    async with contextlib.AsyncExitStack() as stack:
        for port in ports:
            await stack.enter_async_context(await asyncio.start_server(partial(_serve, port), address, port))
        print(f"forwarding from {address}", flush=True)
        await asyncio.Event().wait()


async def _serve(port: int, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
    try:
        server, to_server = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        to_client.close()
        return
    await asyncio.gather(_copy(client, to_server), _copy(server, to_client))
    for writer in (to_client, to_server):
        writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy until the source ends, then end the target: each direction ends on its own."""
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()


def main() -> None:
    """Read the command line and forward until a signal comes."""
    parser = argparse.ArgumentParser(prog="local.forwarder", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="ADDRESS")
    parser.add_argument("ports", type=int, nargs="+")
    wanted = parser.parse_args()
    asyncio.run(forward(wanted.listen, wanted.ports))


if __name__ == "__main__":
    main()
