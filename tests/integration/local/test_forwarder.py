"""The forwarder for containers: whole bodies both ways, each direction ending by itself."""

import asyncio
from asyncio import StreamReader, StreamWriter

from local.forwarder import forward
from local.processes import free_port

OTHER_ADDRESS = "127.0.0.2"
BODY = bytes(range(256)) * 4096


async def _answer_at_the_end(reader: StreamReader, writer: StreamWriter) -> None:
    asked = await reader.read()  # until the client has ended its direction
    writer.write(asked[::-1])
    writer.close()


async def _connected(port: int) -> tuple[StreamReader, StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection(OTHER_ADDRESS, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0)


async def _ask(port: int, *, serving: bool) -> bytes:
    server = await asyncio.start_server(_answer_at_the_end, "127.0.0.1", port) if serving else None
    forwarding = asyncio.create_task(forward(OTHER_ADDRESS, [port]))
    reader, writer = await _connected(port)
    if serving:
        writer.write(BODY)
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    forwarding.cancel()
    await asyncio.gather(forwarding, return_exceptions=True)
    if server:
        server.close()
    return answer


def test_a_body_of_a_megabyte_comes_and_goes_whole() -> None:
    assert asyncio.run(_ask(free_port(), serving=True)) == BODY[::-1]


def test_a_server_that_is_not_there_ends_the_connection() -> None:
    assert asyncio.run(_ask(free_port(), serving=False)) == b""
