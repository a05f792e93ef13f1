"""``paramsync get``: the one command that shows values, and only if it is told to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from .aws import THREADS, checked, clients, identity, loaded, place_options, rate_option, settings_option, to_a_person
from .output import Form, form_option, progress, show, table, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from paramsync.aws.identities.clients import Clients
    from paramsync.core.parameters import Parameter, Stamp, Subtree
    from paramsync.core.values import Sealed

COLUMNS: Final = ("PARAMETER", "TYPE", "VERSION", "VALUE")


@click.command()
@click.option("--show", "shows", is_flag=True, help="Show values, those of SecureStrings as well.")
@place_options
@click.option("--label", help="The version that carries this label. Default: the newest.")
@settings_option
@rate_option
@form_option
@click.argument("name", metavar="NAME|PATH/")
def get(
    name: str,
    shows: bool,
    region: str | None,
    role_arn: str | None,
    external_id: str | None,
    label: str | None,
    settings: Path | None,
    rate: int,
    form: Form,
) -> None:
    """Show the value of the parameter NAME, decrypted; or of all below PATH/, with a slash at its end.

    Values are shown with --show only. One alone is written as it is, with a line break after it.
    """
    from paramsync.aws.errors import SourceError
    from paramsync.core.parameters import Subtree
    from paramsync.core.values import Sealed

    if not shows:
        raise click.UsageError(
            f"get shows values: write paramsync get --show {name}; paramsync tree shows all the rest"
        )
    is_path = name.endswith("/")
    with clients(None) as aws:
        who = identity(aws, loaded(settings), region, role_arn, external_id)
        subtree = Subtree(who, checked(name.rstrip("/") or "/"), label=label)
        try:
            found = _below(aws, subtree, rate) if is_path else _alone(aws, subtree, rate)
        except SourceError as error:
            raise click.ClickException(to_a_person(str(error))) from None
    opened = [(each.stamp, value) for each in found if not isinstance(value := _shown(each), Sealed)]
    show(
        form,
        lambda: _table(opened) if is_path else "".join(value for _, value in opened),
        lambda: {"parameters": [_document(stamp, value) for stamp, value in opened]},
    )
    sealed = [value for each in found if isinstance(value := _shown(each), Sealed)]
    for each in sealed:
        click.echo(told(each.reason, to_a_person(each.message)), err=True)
    click.get_current_context().exit(1 if sealed else 0)


def _alone(aws: Clients, subtree: Subtree, rate: int) -> list[Parameter]:
    """One parameter.

    :raises SourceError: if it cannot be read.
    """
    from paramsync.aws.errors import Undecryptable
    from paramsync.core.reasons import Reason
    from paramsync.runtime.preview.reading import read_one

    try:
        found = read_one(aws, subtree, rate)
    except Undecryptable as error:
        if error.reason is not Reason.ACCESS_DENIED:
            raise
        # The operator asks for what is below a path; here the path is the parameter.
        text = f"AWS denies ssm:GetParameters; allow it on parameter{subtree.path}"
        raise Undecryptable(error.reason, text) from None
    if found is None:
        label = f" with label {subtree.label}" if subtree.label else ""
        raise click.ClickException(
            f"there is no parameter {subtree.path}{label} in {subtree.identity.region};"
            f" for all that is below it, write {subtree.path}/"
        )
    return [found]


def _below(aws: Clients, subtree: Subtree, rate: int) -> list[Parameter]:
    """All parameters below a path, by name.

    :raises SourceError: if they cannot be read.
    """
    from paramsync.aws.errors import SourceError
    from paramsync.core.want import EVERYTHING
    from paramsync.runtime.feeds.needs import Need
    from paramsync.runtime.preview.reading import read

    with progress() as told:
        (found,) = read(aws, [Need(subtree, EVERYTHING)], rate, THREADS, told).values()
    if isinstance(found, SourceError):
        raise found
    if not found.parameters:
        raise click.ClickException(f"there is no parameter below {subtree.path} in {subtree.identity.region}")
    return [found.parameters[name] for name in sorted(found.parameters)]


def _shown(parameter: Parameter) -> str | Sealed:
    """The value as text: the one place that shows what a SecureString holds to a person, who asked for it."""
    from paramsync.core.values import SecureValue

    value = parameter.value
    return value.reveal().decode() if isinstance(value, SecureValue) else value


def _table(opened: Sequence[tuple[Stamp, str]]) -> str:
    return table(COLUMNS, [(stamp.name, stamp.type, stamp.version, _in_one_line(value)) for stamp, value in opened])


def _in_one_line(value: str) -> str:
    """A value in a cell: in the form of JSON if it has line breaks or what a terminal might act on."""
    return value if value.isprintable() else json.dumps(value)


def _document(stamp: Stamp, value: str) -> JsonValue:
    return {
        "name": stamp.name,
        "type": stamp.type,
        "version": stamp.version,
        "modified": stamp.modified.isoformat(),
        "value": value,
    }
