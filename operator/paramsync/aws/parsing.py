"""A parameter as SSM answers it, and what it becomes. A SecureString's value is of the secure class from here on."""

import re
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from paramsync.api.sync import ParameterType
from paramsync.core import values
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.values import NOT_OPENED, Sealed, SecureValue

from .errors import SourceError

_ACCOUNT: Final = re.compile(r"arn:[a-z0-9-]+:ssm:[a-z0-9-]+:([0-9]{12}):")

M = TypeVar("M", bound=BaseModel)


class Item(BaseModel):
    """``Parameter`` (AWS API reference). boto3 takes a page for people, or half an answer, for a success."""

    model_config = ConfigDict(hide_input_in_errors=True)

    Name: str
    Type: ParameterType
    Value: str
    Version: int
    LastModifiedDate: datetime
    ARN: str = ""

    @property
    def account(self) -> str | None:
        """The account that owns the parameter; None for AWS's own public parameters."""
        match = _ACCOUNT.match(self.ARN)
        return match[1] if match else None

    def parameter(self, *, decrypted: bool) -> Parameter:
        """The parameter. Without decryption a SecureString's value is ciphertext, which is never used."""
        stamp = Stamp(self.Name, self.Type, self.Version, self.LastModifiedDate.astimezone(UTC))
        return Parameter(stamp, self._value(decrypted=decrypted))

    def _value(self, *, decrypted: bool) -> values.Value:
        is_secure = self.Type is ParameterType.SECURE_STRING
        if is_secure and not decrypted:
            return NOT_OPENED
        try:
            secure = SecureValue.of(self.Value)
        except ValueError:
            text = f"Parameter {self.Name} has a value that is not valid Unicode; write it again"
            return Sealed(Reason.INVALID_VALUE, text)
        return secure if is_secure else self.Value


def parsed(model: type[M], answer: object, subtree: Subtree) -> M:
    """Validate an answer.

    :raises SourceError: if it is not of the form that AWS documents; names the place and quotes nothing.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE, f"Reading {subtree.path} failed: AWS's answer is not understood at {where}"
        ) from None
