"""The values of single parameters, by GetParameters: what changed is decrypted, and nothing else."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.search import Opened

from .calls import call
from .identities.clients import Clients
from .parsing import Item, parsed

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import GetParametersResultTypeDef

log = logging.getLogger(__name__)


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    Parameters: list[Item]
    InvalidParameters: list[str] = []


def decrypt(clients: Clients, subtree: Subtree, stamps: Sequence[Stamp], ticket: Ticket) -> Opened:
    """Ask for the values of at most ten stamps. Blocks; to be called in a thread.

    Each is asked for by its version, and its answer is compared with the stamp: a pinned version can be gone
    (deleted and re-created, over 100 versions old) or not be visible yet. What is not as it was listed is moved.

    :raises Undecryptable: if at least one of them cannot be decrypted; AWS does not say which.
    :raises SourceError: if there is no answer.
    """

    def ask(client: "SSMClient") -> "GetParametersResultTypeDef":
        return client.get_parameters(Names=[f"{stamp.name}:{stamp.version}" for stamp in stamps], WithDecryption=True)

    answer = parsed(_Answer, call(clients, subtree, ticket, ask), subtree)
    found = {each.stamp: each.value for each in (item.parameter(decrypted=True) for item in answer.Parameters)}
    values = {stamp: found[stamp] for stamp in stamps if stamp in found}
    log.debug("values were decrypted", extra={"path": subtree.path, "parameters": len(values)})
    return Opened(values, frozenset(stamps) - values.keys())


def by_name(clients: Clients, subtree: Subtree, ticket: Ticket) -> Parameter | None:
    """Ask for a parameter by its name: the newest version, or the one with the label. Blocks.

    :param subtree: of which the path is the parameter's name.
    :returns: None if there is none.
    :raises Undecryptable: if it cannot be decrypted.
    :raises SourceError: if there is no answer.
    """
    name = subtree.path if subtree.label is None else f"{subtree.path}:{subtree.label}"

    def ask(client: "SSMClient") -> "GetParametersResultTypeDef":
        return client.get_parameters(Names=[name], WithDecryption=True)

    answer = parsed(_Answer, call(clients, subtree, ticket, ask), subtree)
    return next((item.parameter(decrypted=True) for item in answer.Parameters), None)
