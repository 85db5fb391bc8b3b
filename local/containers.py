"""What `sam local invoke` needs of a running stack: a way in for containers, their variables, one drop.

Inside a container 127.0.0.1 is the container itself. Containers reach this machine by the name `NAME`
(`add_host` in samconfig.toml): on Linux that is the address of Docker's bridge, where a forwarder listens
while it is asked for; a Docker engine in a virtual machine of its own (Docker Desktop) leads the name to
this machine's 127.0.0.1 by itself, and no forwarder is needed.
"""

import json
import socket
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from local import paths
from local.processes import LocalRunError, start, wait_until
from local.stack import Stack

NAME = "host.docker.internal"
VARIABLES = paths.HOME / "env.json"
"""What samconfig.toml hands to `sam local` as `env_vars`."""
DROP = {
    "inbox/invoke/video.mp4": paths.MEDIA / "talking-head.mp4",
    "inbox/invoke/fr.mp3": paths.MEDIA / "voice-long.mp3",
}
"""The media that the events under `events/` speak of."""


def write_variables(stack: Stack) -> None:
    """Write the functions' variables in `sam local`'s format, with addresses as a container knows them."""
    inside = {"LOCAL_AWS_ENDPOINT": stack.endpoint, "SEGMIND_BASE_URL": stack.segmind_base_url}
    named = {variable: address.replace("127.0.0.1", NAME) for variable, address in inside.items()}
    VARIABLES.write_text(json.dumps({"Parameters": stack.environment | named}, indent=2))


def admit(stack: Stack, log: Path) -> list[int]:
    """Let containers reach the stack; return the ids of the processes started for it, which write to `log`.

    Raises LocalRunError when no Docker engine answers.
    """
    address = _bridge_address()
    if not _is_ours(address):
        return []  # an engine in a virtual machine of its own: the name leads to our 127.0.0.1 already
    urls = (urlsplit(url) for url in (stack.endpoint, stack.segmind_base_url))
    ports = [str(url.port) for url in urls if url.port and url.hostname == "127.0.0.1"]
    argv = [sys.executable, "-m", "local.forwarder", "--listen", address, *ports]
    pid = start(argv, environment={"PYTHONUNBUFFERED": "1"}, log=log, cwd=paths.ROOT)
    wait_until("the forwarder", lambda: "forwarding" in log.read_text(), seconds=15, pid=pid, log=log)
    return [pid]


def drop_media(stack: Stack) -> None:
    """Upload what the events name. Only for a stand-in: another Segmind would be paid for it."""
    for key, path in DROP.items():
        stack.client("s3").upload_file(str(path), stack.drop_bucket, key)


def has_image() -> bool:
    """Whether Docker holds Lambda's base image for Python, which `docker pull` renews."""
    return bool(_docker("image", "ls", "--quiet", "--filter", "reference=*/lambda/python:3.13*"))


def _bridge_address() -> str:
    """Return the address that Docker gives to `host-gateway`: that of its bridge, by default its first."""
    network = json.loads(_docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"))[0]
    return network.get("Gateway") or str(next(ip_network(network["Subnet"]).hosts()))


def _docker(*words: str) -> str:
    try:
        return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise LocalRunError(f"DOCKER=1 needs a Docker engine, and none answers: {said.strip()}") from None


def _is_ours(address: str) -> bool:
    """Whether `address` belongs to this machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
