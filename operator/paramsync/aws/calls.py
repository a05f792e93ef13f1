"""One call to SSM: with the client of an identity, sent at a known time, and its failure understood."""

from typing import TYPE_CHECKING, TypeVar

from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree

from .errors import IdentityRejected, SourceError, meaning
from .identities.clients import Clients
from .sending import with_ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient

T = TypeVar("T")


def call(clients: Clients, subtree: Subtree, ticket: Ticket, ask: "Callable[[SSMClient], T]") -> T:
    """Ask SSM something about a subtree. Blocks; to be called in a thread.

    :param ticket: the right to send one request; it learns when that was.
    :raises SourceError: if there is no answer that is AWS's.
    """
    client = clients.client(subtree.identity)
    try:
        with with_ticket(ticket):
            return ask(client)
    except Exception as error:  # noqa: BLE001  (of an answer that is not one of AWS, botocore raises whatever it meets)
        found = error if isinstance(error, SourceError) else meaning(error, subtree)
        if isinstance(found, IdentityRejected):
            clients.discard(subtree.identity, found)
        raise found from None
