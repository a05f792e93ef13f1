"""One page of GetParametersByPath, parsed. Secure values are of the secure class from here on."""

import logging
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from paramsync.core.listing import Page
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree

from .calls import call
from .identities.clients import Clients
from .parsing import Item, parsed

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import GetParametersByPathResultTypeDef

log = logging.getLogger(__name__)

PAGE_SIZE: Final = 10  # the most that GetParametersByPath gives (AWS API reference, MaxResults)


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    Parameters: list[Item]
    NextToken: str | None = None


def list_page(clients: Clients, subtree: Subtree, token: str | None, ticket: Ticket, *, decrypt: bool) -> Page:
    """Ask for one page of a subtree. Blocks; to be called in a thread.

    :param token: the previous page's token, or None for the first page.
    :param ticket: the right to send one request.
    :param decrypt: whether to decrypt SecureStrings; without, they are sealed, for what AWS answers is ciphertext.
    :raises SourceError: if the page cannot be had.
    """
    more: dict[str, object] = {"NextToken": token} if token else {}
    if subtree.label is not None:
        more["ParameterFilters"] = [{"Key": "Label", "Option": "Equals", "Values": [subtree.label]}]

    def ask(client: "SSMClient") -> "GetParametersByPathResultTypeDef":
        return client.get_parameters_by_path(
            Path=subtree.path,
            Recursive=subtree.recursive,
            WithDecryption=decrypt,
            MaxResults=PAGE_SIZE,
            **more,  # type: ignore[arg-type]  # the stubs know these by keyword only
        )

    page = parse_page(call(clients, subtree, ticket, ask), subtree, decrypt=decrypt)
    log.debug("a page was listed", extra={"path": subtree.path, "parameters": len(page.parameters), "decrypt": decrypt})
    return page


def parse_page(answer: object, subtree: Subtree, *, decrypt: bool) -> Page:
    """Parse the answer to GetParametersByPath.

    :raises SourceError: if it is not of the form that AWS documents.
    """
    page = parsed(_Answer, answer, subtree)
    return Page(
        parameters=tuple(item.parameter(decrypted=decrypt) for item in page.Parameters),
        token=page.NextToken or None,
        account=next((item.account for item in page.Parameters if item.account), None),
    )
