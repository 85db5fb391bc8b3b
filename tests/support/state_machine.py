"""A second interpreter for the state machine, with jsonata-python for its expressions.

Stricter than it needs to be where Step Functions is: an expression that gives nothing, or names a variable
that was never assigned, ends the run with an AssertionError, as it would end the execution on AWS.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jsonata import Jsonata

from local.check_state_machine import DEFINITION

MACHINE: dict[str, Any] = json.loads(DEFINITION.read_text())
CONTEXT = {
    "Execution": {
        "Id": "arn:aws:states:us-east-1:000000000000:execution:lipdrop-lipsync:fr-1",
        "Name": "fr-1",
        "StartTime": "2026-11-25T10:00:00.123Z",
    },
    "StateMachine": {"Id": "arn:aws:states:us-east-1:000000000000:stateMachine:lipdrop-lipsync"},
}
MAX_STEPS = 400
_EXPRESSION = re.compile(r"\{%(.*)%\}", re.DOTALL)


class TaskError(Exception):
    """What a task fails with: an error's name and its cause."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name)
        self.output = {"Error": name, "Cause": cause}


type Task = Callable[[str, Any], Any]
"""Given a state's name and its arguments: what it answers. Raises TaskError."""


@dataclass
class Run:
    """One execution: which states it entered, which expressions it evaluated, how it ended."""

    task: Task
    variables: dict[str, Any] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    evaluated: set[str] = field(default_factory=set)
    output: dict[str, Any] = field(default_factory=dict)

    def execute(self, given: Any) -> str:
        """Run the state machine with the input `given`; return the name of the state that it ended in."""
        name, value = MACHINE["StartAt"], given
        while len(self.entered) < MAX_STEPS:
            state = MACHINE["States"][name]
            self.entered.append(name)
            following, value = self._step(name, state, value)
            if following is None:
                return str(name)
            name = following
        raise AssertionError(f"no end after {MAX_STEPS} states: {self.entered[-8:]}")

    def _step(self, name: str, state: Mapping[str, Any], value: Any) -> tuple[str | None, Any]:
        states = {"input": value, "context": CONTEXT}
        match state["Type"]:
            case "Choice":
                for choice in state["Choices"]:
                    if self.evaluate(choice["Condition"], states) is True:
                        return choice["Next"], value
                return state["Default"], value
            case "Task":
                return self._task(name, state, states)
            case "Succeed" | "Fail":
                self.output = {
                    key: self.evaluate(state[key], states)
                    for key in ("Output", "Error", "Cause")
                    if key in state
                }
                return None, value
            case "Wait":
                seconds = self.evaluate(state["Seconds"], states)
                assert 0 <= seconds <= 99_999_999, (name, seconds)
            case "Pass":
                pass
            case kind:
                raise AssertionError(f"{name}: no {kind} here yet")
        self._assign(state, states)
        return state["Next"], value

    def _task(self, name: str, state: Mapping[str, Any], states: dict[str, Any]) -> tuple[str, Any]:
        try:
            answer = self.task(name, self.evaluate(state["Arguments"], states))
        except TaskError as error:
            (caught,) = [catch for catch in state["Catch"] if catch["ErrorEquals"] == ["States.ALL"]]
            self._assign(caught, states | {"errorOutput": error.output})
            return caught["Next"], error.output
        result = {"Payload": answer} if "lambda" in state["Resource"] else {"MessageId": "1"}
        self._assign(state, states | {"result": result})
        return state["Next"], result

    def _assign(self, node: Mapping[str, Any], states: dict[str, Any]) -> None:
        new = {key: self.evaluate(value, states) for key, value in node.get("Assign", {}).items()}
        self.variables |= new

    def evaluate(self, node: Any, states: Mapping[str, Any]) -> Any:
        """Return `node` with every expression in it replaced by its value."""
        if isinstance(node, dict):
            return {key: self.evaluate(value, states) for key, value in node.items()}
        if isinstance(node, list):
            return [self.evaluate(value, states) for value in node]
        if not isinstance(node, str) or not (found := _EXPRESSION.fullmatch(node)):
            return node
        self.evaluated.add(node)
        bindings = {**self.variables, "states": states}
        unknown = variables_of(found[1]) - set(bindings)
        assert not unknown, f"{unknown} assigned nowhere before: {node}"
        expression = _parsed(found[1].strip())
        for name, value in bindings.items():
            expression.assign(name, value)
        value = expression.evaluate(None)
        assert value is not None, f"gives nothing: {node}"
        return json.loads(json.dumps(value))


@cache
def _parsed(expression: str) -> Jsonata:
    """Return `expression` parsed; whoever evaluates it assigns every variable that it names."""
    return Jsonata(expression)


def variables_of(expression: str) -> set[str]:
    """Return the variables that `expression` names; functions are called, variables are not."""
    return set(re.findall(r"\$([A-Za-z_]\w*)\b(?!\s*\()", re.sub(r"'[^']*'", "", expression)))


def expressions(node: Any) -> Iterator[str]:
    """Yield every expression in `node`."""
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and _EXPRESSION.fullmatch(node):
        yield node


def arrows() -> dict[str, set[str]]:
    """Return where each state can lead to."""

    def targets(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("Next", "Default"):
                    yield value
                else:
                    yield from targets(value)
        elif isinstance(node, list):
            for value in node:
                yield from targets(value)

    return {name: set(targets(state)) for name, state in MACHINE["States"].items()}


def reachable(start: str, *, without: frozenset[str] = frozenset()) -> set[str]:
    """Return the states that can be entered from `start`, itself included, if none of `without` is."""
    graph, found, waiting = arrows(), set[str](), [start]
    while waiting:
        state = waiting.pop()
        if state not in found and state not in without:
            found.add(state)
            waiting.extend(graph[state])
    return found
