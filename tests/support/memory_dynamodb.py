"""A DynamoDB client in memory for simulations: the real table classes run on it, a hundred times faster.

It knows `get_item` and `update_item` with the expressions that Lipdrop writes, and refuses any other.
`tests/integration/jobs_table/test_memory_dynamodb.py` compares it with moto.
"""

import copy
import operator
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(r"\s*([#:]?[\w]+(?:\.[#\w]+)*|<>|<=|>=|[=<>(),+-])")


class ConditionFailedError(ClientError):
    """What DynamoDB raises when a condition does not hold."""


class MemoryDynamoDB:
    """The tables of one account; `down` makes every call fail, as an unreachable endpoint would."""

    class exceptions:  # noqa: N801  botocore's name
        """As on a client."""

        ConditionalCheckFailedException = ConditionFailedError

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.calls: list[str] = []
        self.down: Callable[[str], None] = lambda _: None

    def client(self) -> "DynamoDBClient":
        """Return this object as the client that it stands for."""
        return cast("DynamoDBClient", self)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Return a copy of the item."""
        self._called("GetItem")
        found = self.items.get(request["Key"]["id"]["S"])
        return {"Item": copy.deepcopy(found)} if found is not None else {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Update the item if the condition holds."""
        self._called("UpdateItem")
        item_id, condition = request["Key"]["id"]["S"], request.get("ConditionExpression")
        before = self.items.get(item_id, {})
        names, values = (request.get(f"ExpressionAttribute{kind}", {}) for kind in ("Names", "Values"))
        run = _Run(before, names, values)
        if condition and not run.holds(condition):
            answer: Any = {
                "Error": {"Code": "ConditionalCheckFailedException"},
                "Item": copy.deepcopy(before),
            }
            raise ConditionFailedError(answer, "UpdateItem")
        after = run.updated(request["UpdateExpression"]) | {"id": {"S": item_id}}
        self.items[item_id] = after
        return {"Attributes": copy.deepcopy(after)}

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.down(name)


class _Run:
    """One update of one item."""

    def __init__(self, item: Item, names: dict[str, str], values: Item) -> None:
        self.item, self.names, self.values = item, names, values

    def holds(self, condition: str) -> bool:
        tokens = list(_tokens(condition))
        found = self._either(tokens)
        assert not tokens, f"not understood: {tokens} in {condition}"
        return found

    def _either(self, tokens: list[str]) -> bool:
        found = self._both(tokens)
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = self._both(tokens) or found
        return found

    def _both(self, tokens: list[str]) -> bool:
        found = self._one(tokens)
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found = self._one(tokens) and found
        return found

    def _one(self, tokens: list[str]) -> bool:
        if tokens[0] == "(":
            tokens.pop(0)
            found = self._either(tokens)
            assert tokens.pop(0) == ")"
            return found
        if tokens[0] in {"attribute_exists", "attribute_not_exists"}:
            return (self._value(tokens[2]) is not None) == (_take(tokens, 4)[0] == "attribute_exists")
        left, compare = self._operand(tokens), _COMPARE[tokens.pop(0)]
        right = self._operand(tokens)
        if left is None or right is None:
            return compare is operator.ne
        return compare(_comparable(left), _comparable(right))

    def _operand(self, tokens: list[str]) -> Any:
        """Return a typed value, None for an attribute that is not there."""
        word = tokens.pop(0)
        if word == "size":
            inner = self._value(_take(tokens, 3)[1])
            return None if inner is None else {"N": str(len(inner["M"]))}
        if word == "if_not_exists":
            _, path, _, other, _ = _take(tokens, 5)
            found = self._value(path)
            return found if found is not None else self._value(other)
        found = self._value(word)
        while tokens and tokens[0] in {"+", "-"}:
            sign = 1 if tokens.pop(0) == "+" else -1
            found = {"N": repr(float(found["N"]) + sign * float(self._operand(tokens)["N"]))}
        return found

    def _value(self, word: str) -> Any:
        if word.startswith(":"):
            return self.values[word]
        found: Any = {"M": self.item}
        for part in self._path(word):
            found = found.get("M", {}).get(part)
            if found is None:
                return None
        return found

    def _path(self, word: str) -> list[str]:
        return [self.names[part] if part.startswith("#") else part for part in word.split(".")]

    def updated(self, expression: str) -> Item:
        item = copy.deepcopy(self.item)
        for kind, clause in _clauses(expression):
            for tokens in ([*part] for part in clause):
                place = self._path(tokens.pop(0))
                holder = item
                for part in place[:-1]:
                    holder = holder[part]["M"]
                if kind == "REMOVE":
                    holder.pop(place[-1], None)
                elif kind == "ADD":
                    start = float(holder.get(place[-1], {"N": "0"})["N"])
                    total = start + float(self._operand(tokens)["N"])
                    holder[place[-1]] = {"N": repr(int(total) if total == int(total) else total)}
                else:
                    assert tokens.pop(0) == "="
                    holder[place[-1]] = self._operand(tokens)
                assert not tokens, f"not understood: {tokens} in {expression}"
        return item


def _comparable(value: Any) -> Any:
    return float(value["N"]) if "N" in value else value.get("S", value)


def _take(tokens: list[str], count: int) -> list[str]:
    taken = tokens[:count]
    del tokens[:count]
    return taken


@cache
def _tokens(expression: str) -> tuple[str, ...]:
    found, at = [], 0
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        assert match, f"not understood: {expression[at:]}"
        found.append(match.group(1))
        at = match.end()
    return tuple(found)


@cache
def _clauses(expression: str) -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
    """Return (SET | REMOVE | ADD, the tokens of each of its actions)."""
    parts = re.split(r"\b(SET|REMOVE|ADD)\b", expression)[1:]
    return tuple(
        (kind, tuple(_actions(_tokens(text)))) for kind, text in zip(parts[::2], parts[1::2], strict=True)
    )


def _actions(tokens: tuple[str, ...]) -> list[tuple[str, ...]]:
    actions: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "," and not depth:
            actions.append([])
        else:
            actions[-1].append(token)
    return [tuple(action) for action in actions]
