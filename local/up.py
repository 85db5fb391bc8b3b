"""`make up`: leave a deployed local stack running and write `.local/env`, to be sourced."""

import argparse
import json
import os
import shlex
import sys
from urllib.parse import urlsplit

from local import containers, paths, sam
from local.processes import LocalRunError
from local.stack import API_KEY, Stack, bring_up, take_down

STATE = paths.HOME / "up.json"
ENVIRONMENT = paths.HOME / "env"
DIRECTORY = paths.HOME / "up"
OPENED = DIRECTORY / "open-to-containers"

USAGE = """The local stack is up. In your shell:

    source .local/env

    aws s3 cp clip.mp4 "s3://$DROP_BUCKET/inbox/launch/video.mp4"
    aws s3 cp fr.mp3   "s3://$DROP_BUCKET/inbox/launch/fr.mp3"
    aws s3 ls "s3://$RESULTS_BUCKET/launch/"

`make down` stops it."""
DOCKER_USAGE = """Containers can reach it too. In your shell, from this folder:

    source .local/env
    sam local invoke Submit -e events/submit.json
"""


def main() -> int:
    """Bring the stack up once, open it to containers if asked to; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--segmind-base-url", default="", help="a Segmind to use instead of the stand-in")
    arguments.add_argument("--segmind-history-url", help="where to ask for the request history; '': nowhere")
    arguments.add_argument("--parameters", default="", help='parameters of the template: "Name=value …"')
    arguments.add_argument("--docker", action="store_true", help="let `sam local invoke` reach the stack")
    wanted = arguments.parse_args()
    try:
        if not STATE.exists():
            parameters = read_parameters(wanted.parameters)
            if wanted.segmind_history_url is not None:
                parameters["SegmindHistoryUrl"] = wanted.segmind_history_url
            _bring_up(wanted.segmind_base_url, parameters)
            print(USAGE)
        else:
            print("A stack is up already: `source .local/env` to use it, `make down` to stop it.")
        if wanted.docker:
            _open_to_containers(Stack(**json.loads(STATE.read_text())))
            print(f"\n{DOCKER_USAGE}")
    except (LocalRunError, KeyboardInterrupt) as error:
        print(f"The local stack did not come up: {error}", file=sys.stderr)
        return 1
    return 0


def read_parameters(text: str) -> dict[str, str]:
    """Return the template's parameters in `text`, "Name=value …", quoted as in a shell.

    Raises LocalRunError that names the part that is none.
    """
    try:
        pairs = [part.partition("=") for part in shlex.split(text)]
    except ValueError as error:
        raise LocalRunError(f"PARAMETERS cannot be read: {error}.") from None
    for name, equals, _ in pairs:
        if not (name.isalnum() and equals):
            raise LocalRunError(
                f'PARAMETERS="Name=value …" is needed; "{name}" is no parameter with a value.'
            )
    return {name: value for name, _, value in pairs}


def _bring_up(segmind_base_url: str, parameters: dict[str, str]) -> None:
    key = os.environ.get("SEGMIND_API_KEY", "") if segmind_base_url else API_KEY
    if not key:
        raise LocalRunError("SEGMIND_API_KEY is not set: another Segmind needs a key of yours.")
    pids: list[int] = []
    try:
        stack = bring_up(
            DIRECTORY, pids, segmind_base_url=segmind_base_url, api_key=key, parameters=parameters
        )
    except (LocalRunError, KeyboardInterrupt):
        take_down(DIRECTORY, pids)
        raise
    STATE.write_text(json.dumps(stack.as_plain()))
    exports = "".join(f"export {name}='{value}'\n" for name, value in stack.environment.items())
    # Last on the path: a SAM CLI and an AWS CLI of one's own come first.
    tools = f'export PATH="$PATH:{paths.SAM.parent}:{paths.PYTHON_BIN}"\n'
    ENVIRONMENT.write_text(exports + tools)
    containers.write_variables(stack)


def _open_to_containers(stack: Stack) -> None:
    """Start the forwarder and drop the events' media, once a stack."""
    if OPENED.exists():
        return
    sam.build_for_lambda()
    stack.pids.extend(containers.admit(stack, DIRECTORY / "forwarder.log"))
    STATE.write_text(json.dumps(stack.as_plain()))
    if urlsplit(stack.segmind_base_url).hostname == "127.0.0.1":
        containers.drop_media(stack)
    if containers.has_image():  # SAM CLI asks the image's registry each time, even if it is out of reach
        with ENVIRONMENT.open("a") as environment:
            environment.write("export SAM_SKIP_PULL_IMAGE=true\n")
    OPENED.touch()


if __name__ == "__main__":
    sys.exit(main())
