"""What the commands share that read Parameter Store: their options, and who they read as."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paramsync.aws.identities.clients import Clients
    from paramsync.core.identity import Identity, ServiceAccount
    from paramsync.kube.transport import Transport
    from paramsync.runtime.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]

THREADS: Final = 8
"""Requests that are under way at the same time, at most."""

RATE: Final = 40
"""Requests a second. A command reads once and a person waits for it, so that it may take all of AWS's own quota, which
is 40 for an account and Region; whoever is throttled by that tries again, and so does it."""


class As(NamedTuple):
    """How Parameter Store is read."""

    settings: Path | None
    as_me: bool
    rate: int


def aws_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--settings``, ``--as-me`` and ``--requests-per-second``."""
    as_me = click.option(
        "--as-me",
        is_flag=True,
        help="Read with the AWS credentials of the environment, whatever role or service account a store names.",
    )
    return settings_option(as_me(rate_option(command)))


def rate_option(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--requests-per-second``."""
    return click.option(
        "--requests-per-second",
        "rate",
        default=RATE,
        show_default=True,
        type=click.IntRange(1, 10_000),
        help="Requests to SSM, at most, for each account and Region.",
    )(command)


def settings_option(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--settings``."""
    return click.option(
        "--settings",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The operator's settings file, with stores and the default Region.",
    )(command)


def place_options(command: Command[P, R]) -> Command[P, R]:
    """Adds where to read and as whom: ``--region``, ``--role-arn`` and ``--external-id``."""
    for option in (
        click.option("--external-id", help="The external id that the trust policy of that role asks for."),
        click.option("--role-arn", help="A role to assume for it. Default: the credentials of the environment."),
        click.option("--region", help="The Region. Default: that of the settings file or of the environment."),
    ):
        command = option(command)
    return command


def identity(
    clients: Clients, settings: Settings, region: str | None, role_arn: str | None, external_id: str | None
) -> Identity:
    """Who to read as, and where, by the words of a store.

    :raises click.ClickException: if there is no such place or role.
    """
    from pydantic import ValidationError

    from paramsync.api.errors import explain
    from paramsync.api.stores import ClusterParameterStoreSpec
    from paramsync.core.identity import Identity, Role

    try:
        given = ClusterParameterStoreSpec.model_validate(
            {"region": region, "roleArn": role_arn, "externalId": external_id}
        )
    except ValidationError as error:
        raise click.ClickException(explain(error)) from None
    where = given.region or settings.region or clients.own_region()
    if where is None:
        raise click.ClickException("no Region is known: give --region, or set AWS_REGION")
    role = None if given.role_arn is None else Role(given.role_arn, given.external_id)
    return Identity(where, role=role, session="paramsync-cli" if role else "")


def checked(path: str) -> str:
    """A path as it is sent to AWS.

    :raises click.UsageError: if it is none.
    """
    from pydantic import ValidationError

    from paramsync.api.errors import explain
    from paramsync.api.sources import Source

    try:
        return Source.model_validate({"path": path}).path
    except ValidationError as error:
        raise click.UsageError(explain(error)) from None


def loaded(path: Path | None) -> Settings:
    """The operator's settings.

    :raises click.ClickException: if the file cannot be used.
    """
    from paramsync.runtime.settings import SettingsError, load

    try:
        return load(path)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


OF_OPERATOR: Final = {
    "The operator has no AWS credentials; give its service account a role (IRSA or Pod Identity)": (
        "There are no AWS credentials: set AWS_PROFILE, or log in, for instance with aws sso login"
    ),
    "The operator's AWS credentials": "The AWS credentials of the environment",
    "the credentials of the operator's role": "the credentials of the environment",
    "the operator's credentials": "the credentials of the environment",
    "the operator's role": "the role of the environment's credentials",
    "check the Pod Identity association of its service account": "check what gives them",
    "check the role of its service account": "check what gives them",
    "they are retried more slowly": "try again later, or with a lower --requests-per-second",
}
"""What is said of the operator's own credentials, and what of those of the environment, which a command reads with; and
what an operator goes on trying, and a command does not."""

_ENDED: Final = re.compile(r"(the credentials of the operator's role \(\w+\)); check that [^;]+")
"""What is not accepted any more; of an operator's role that has other causes than of a person who logged in once."""


def to_a_person(text: str) -> str:
    """A message about credentials, to somebody who reads with those of the environment."""
    text = _ENDED.sub(r"\1; log in anew, for instance with aws sso login", text)
    for of_operator, of_person in OF_OPERATOR.items():
        text = text.replace(of_operator, of_person)
    return text


@contextmanager
def clients(transport: Transport | None) -> Iterator[Clients]:
    """Clients of AWS, with the credentials of the environment to begin with.

    :param transport: to a cluster that gives tokens of service accounts, if one is used.
    """
    import logging

    from paramsync.aws.errors import SourceError
    from paramsync.aws.identities.clients import Clients

    logging.getLogger("paramsync").addHandler(logging.NullHandler())  # what matters of it is in the answer
    made = Clients(THREADS, _no_token if transport is None else _tokens(transport))
    try:
        yield made
    except SourceError as error:
        raise click.ClickException(to_a_person(str(error))) from None
    finally:
        made.close()


def _no_token(account: ServiceAccount) -> str:
    from paramsync.aws.errors import SourceError
    from paramsync.core.reasons import Reason

    raise SourceError(
        Reason.ACCESS_DENIED,
        f"Service account {account.name} of namespace {account.namespace} reads with a token, which only a cluster"
        " gives: name one with --context, or read as yourself with --as-me",
    )


def _tokens(transport: Transport) -> Callable[[ServiceAccount], str]:
    from paramsync.kube.tenants import Tenants
    from paramsync.runtime.tokens import token_for

    return partial(token_for, Tenants(transport))
