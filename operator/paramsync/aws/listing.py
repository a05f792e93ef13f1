"""One page of GetParametersByPath, parsed. Secure values are of the secure class from here on."""

import re
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import NoCredentialsError, PartialCredentialsError
from pydantic import BaseModel, ConfigDict, ValidationError

from paramsync.api.sync import ParameterType
from paramsync.core.listing import Page
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.values import Sealed, SecureValue, Value

from .clients import Clients
from .errors import SourceError, meaning

PAGE_SIZE: Final = 10  # the most that GetParametersByPath gives (AWS API reference, MaxResults)

_ACCOUNT = re.compile(r"arn:[a-z0-9-]+:ssm:[a-z0-9-]+:([0-9]{12}):")


def list_page(clients: Clients, subtree: Subtree, token: str | None, *, decrypt: bool) -> Page:
    """Ask for one page of a subtree. Blocks; to be called in a thread.

    :param token: the previous page's token, or None for the first page.
    :param decrypt: whether to decrypt SecureStrings; without, they are sealed, for what AWS answers is ciphertext.
    :raises SourceError: if the page cannot be had.
    """
    more = {"NextToken": token} if token else {}
    try:
        answer = clients.client(subtree.identity).get_parameters_by_path(
            Path=subtree.path,
            Recursive=subtree.recursive,
            WithDecryption=decrypt,
            MaxResults=PAGE_SIZE,
            **more,  # type: ignore[arg-type]  # the stubs know NextToken by keyword only
        )
    except Exception as error:  # noqa: BLE001  (of an answer that is not one of AWS, botocore raises whatever it meets)
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            clients.discard(subtree.identity)
        raise meaning(error, subtree) from None
    return parse_page(answer, subtree, decrypt=decrypt)


class _Item(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    Name: str
    Type: ParameterType
    Value: str
    Version: int
    LastModifiedDate: datetime
    ARN: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    Parameters: list[_Item]
    NextToken: str | None = None


def parse_page(answer: object, subtree: Subtree, *, decrypt: bool) -> Page:
    """Parse the answer to GetParametersByPath.

    :raises SourceError: if it is not of the form that AWS documents.
    """
    try:
        page = _Answer.model_validate(answer)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE, f"Reading {subtree.path} failed: AWS's answer is not understood at {where}"
        ) from None
    accounts = (_ACCOUNT.match(item.ARN) for item in page.Parameters)
    return Page(
        parameters=tuple(_parameter(item, decrypt=decrypt) for item in page.Parameters),
        token=page.NextToken or None,
        account=next((match[1] for match in accounts if match), None),
    )


def _parameter(item: _Item, *, decrypt: bool) -> Parameter:
    stamp = Stamp(item.Name, item.Type, item.Version, item.LastModifiedDate.astimezone(UTC))
    return Parameter(stamp, _value(item, decrypt=decrypt))


def _value(item: _Item, *, decrypt: bool) -> Value:
    is_secure = item.Type is ParameterType.SECURE_STRING
    if is_secure and not decrypt:
        return Sealed("has not been decrypted")
    try:
        secure = SecureValue.of(item.Value)
    except ValueError:
        return Sealed("has a value that is not valid Unicode; write it again")
    return secure if is_secure else item.Value
