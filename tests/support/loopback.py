"""Lead 127.0.0.1 inside a container to 127.0.0.1 of this machine, for a few ports.

`sam local invoke` puts its container into a bridge network, whatever `--docker-network host` suggests
(SAM CLI 1.170 passes that word on to nobody), and our servers listen on 127.0.0.1 only. A socket belongs
to the network it was made in, whichever its process is in later: so we enter the container's network for
as long as it takes to listen there, and answer from our own. Needs root on Linux.
"""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

CHUNK = 65536


@contextlib.contextmanager
def shared_loopback(ports: Sequence[int]) -> Iterator[None]:
    """While the block lasts, every container that starts finds our `ports` on its own 127.0.0.1."""
    events = subprocess.Popen(
        ["docker", "events", "--filter", "event=start", "--format", "{{.ID}}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    listeners: list[socket.socket] = []
    watcher = threading.Thread(target=_watch, args=(events, ports, listeners), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        events.terminate()
        events.wait()
        watcher.join()
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
        if events.stdout:
            events.stdout.close()


def _watch(events: subprocess.Popen[str], ports: Sequence[int], listeners: list[socket.socket]) -> None:
    for line in events.stdout or ():
        command = ["docker", "inspect", "--format", "{{.State.Pid}}", line.strip()]
        pid = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        for port in ports:
            if listener := _listen_inside(pid, port):
                listeners.append(listener)
                threading.Thread(target=_serve, args=(listener, port), daemon=True).start()


def _listen_inside(pid: str, port: int) -> socket.socket | None:
    """Listen on 127.0.0.1 of the process's network; None when the process has gone already."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        theirs = os.open(Path("/proc") / pid / "ns" / "net", os.O_RDONLY)
    except FileNotFoundError:
        return None
    else:
        os.setns(theirs, os.CLONE_NEWNET)
        os.close(theirs)
        return socket.create_server(("127.0.0.1", port))
    finally:
        os.setns(own, os.CLONE_NEWNET)
        os.close(own)


def _serve(listener: socket.socket, port: int) -> None:
    """Bridge every connection until the listener is shut down."""
    with listener, contextlib.suppress(OSError):
        while True:
            inside, _ = listener.accept()
            threading.Thread(target=_bridge, args=(inside, port), daemon=True).start()


def _bridge(inside: socket.socket, port: int) -> None:
    with inside, socket.create_connection(("127.0.0.1", port)) as outside:
        outwards = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
        outwards.start()
        _pump(outside, inside)
        outwards.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
