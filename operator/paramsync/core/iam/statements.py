"""Statements of IAM policies, and the documents that they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

VERSION: Final = "2012-10-17"
"""Of the language of policies (IAM user guide, "Version")."""

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Operator, then key, then values of which any suffices."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Allows actions: in a policy of permissions on resources, in one of trust to a principal."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    principal: Mapping[str, str] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=dict)

    @property
    def document(self) -> dict[str, JsonValue]:
        """The statement as IAM takes it."""
        found: dict[str, JsonValue] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal:
            found["Principal"] = dict(self.principal)
        found["Action"] = _one_or_more(self.actions)
        if self.resources:
            found["Resource"] = _one_or_more(self.resources)
        if self.conditions:
            found["Condition"] = {
                operator: {key: _one_or_more(values) for key, values in keys.items()}
                for operator, keys in self.conditions.items()
            }
        return found


def policy(statements: Iterable[Statement]) -> dict[str, JsonValue]:
    """The document of some statements."""
    return {"Version": VERSION, "Statement": [each.document for each in statements]}


def _one_or_more(values: Sequence[str]) -> JsonValue:
    return values[0] if len(values) == 1 else list(values)
