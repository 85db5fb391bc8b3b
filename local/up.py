"""`make up`: leave a deployed local stack running and write `.local/env`, to be sourced."""

import argparse
import json
import os
import sys

from local import paths
from local.processes import LocalRunError
from local.stack import API_KEY, bring_up, take_down

STATE = paths.HOME / "up.json"
ENVIRONMENT = paths.HOME / "env"
DIRECTORY = paths.HOME / "up"


def main() -> int:
    """Bring the stack up once; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--segmind-base-url", default="", help="a Segmind to use instead of the stand-in")
    wanted = arguments.parse_args()
    if STATE.exists():
        print("A stack is up already: `source .local/env` to use it, `make down` to stop it.")
        return 0
    key = os.environ.get("SEGMIND_API_KEY", "") if wanted.segmind_base_url else API_KEY
    if not key:
        print("SEGMIND_API_KEY is not set: another Segmind needs a key of yours.", file=sys.stderr)
        return 2
    pids: list[int] = []
    try:
        stack = bring_up(DIRECTORY, pids, segmind_base_url=wanted.segmind_base_url, api_key=key)
    except (LocalRunError, KeyboardInterrupt) as error:
        take_down(DIRECTORY, pids)
        print(f"The local stack did not come up: {error}", file=sys.stderr)
        return 1
    STATE.write_text(json.dumps(stack.as_plain()))
    ENVIRONMENT.write_text("".join(f"export {name}='{value}'\n" for name, value in stack.environment.items()))
    print("The local stack is up. In your shell:\n\n    source .local/env\n")
    print('    aws s3 cp clip.mp4 "s3://$DROP_BUCKET/inbox/launch/video.mp4"')
    print('    aws s3 cp fr.mp3   "s3://$DROP_BUCKET/inbox/launch/fr.mp3"')
    print('    aws s3 ls "s3://$RESULTS_BUCKET/launch/"\n\n`make down` stops it.')
    return 0


if __name__ == "__main__":
    sys.exit(main())
