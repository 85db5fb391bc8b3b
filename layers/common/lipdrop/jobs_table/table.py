"""The items of one DynamoDB table as plain values: text, numbers, and maps of them."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateItemInputTypeDef

type Value = str | int | float | Mapping[str, Value]
type Values = dict[str, Value]


class OvertakenError(Exception):
    """The condition of an update did not hold; `item` is what stood there instead, {} for nothing."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the item is not as it was expected")
        self.item = item


class JobsTable:
    """The table's items by their "id". Every method is one request to DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get_item(self, item_id: str, *, consistent: bool) -> dict[str, Any]:
        """Return the item, {} where there is none."""
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": item_id}}, ConsistentRead=consistent
        )
        return _values(answer.get("Item", {}))

    def update(
        self,
        item_id: str,
        update: str,
        condition: str = "",
        values: Values | None = None,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Update the item if `condition` holds, and return it as it is afterwards.

        `#word` in an expression stands for the attribute `word`, unless `names` says another. Raises
        OvertakenError with the item that the condition saw: no second read, and no gap between the two.
        """
        request: UpdateItemInputTypeDef = {
            "TableName": self._table,
            "Key": {"id": {"S": item_id}},
            "UpdateExpression": update,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if condition:
            request["ConditionExpression"] = condition
        if words := re.findall(r"#\w+", f"{update} {condition}"):
            request["ExpressionAttributeNames"] = {word: (names or {}).get(word, word[1:]) for word in words}
        if values:
            request["ExpressionAttributeValues"] = {name: _typed(value) for name, value in values.items()}
        try:
            answer = self._client.update_item(**request)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            response: Mapping[str, Any] = error.response
            raise OvertakenError(_values(response.get("Item", {}))) from None
        return _values(answer["Attributes"])


def _typed(value: Value) -> "AttributeValueTypeDef":
    """Return `value` in DynamoDB's form; a float keeps all its digits, so it can be compared for equality."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        return {"M": {name: _typed(inner) for name, inner in value.items()}}
    return {"N": repr(value)}


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of DynamoDB's form as plain values."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:
    if "M" in value:
        return _values(value["M"])
    if "N" in value:
        number = value["N"]
        return int(number) if number.lstrip("-").isdigit() else float(number)
    return value["S"]
