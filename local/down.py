"""`make down`: stop what `make up` started and remove what it left."""

import json

from local.containers import VARIABLES
from local.stack import take_down
from local.up import DIRECTORY, ENVIRONMENT, STATE


def main() -> None:
    """Stop the processes by their ids; with nothing up, say so."""
    if not STATE.exists():
        print("No stack is up.")
        return
    take_down(DIRECTORY, json.loads(STATE.read_text())["pids"])
    STATE.unlink()
    ENVIRONMENT.unlink(missing_ok=True)
    VARIABLES.unlink(missing_ok=True)
    print("The local stack is down.")


if __name__ == "__main__":
    main()
