"""``paramsync approve``: let pass what the guard holds of a sync, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .asking import MOST_TRIES, Request, end, shown
from .cluster import Named, Reach, connected, parsed, read, sync_options, wait_options, whole_name
from .output import Form, document, form_option, printable, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import JsonValue

    from paramsync.api.status import PlannedAction
    from paramsync.core.asking import Held
    from paramsync.kube.transport import Transport
    from paramsync.kube.wire import CustomObject

HEADERS = ("ACTION", "TARGET", "KEY", "PARAMETER", "VERSION", "MODIFIED", "WHY")


@click.command()
@sync_options
@click.argument("digest", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@wait_options
@form_option
def approve(
    named: Named,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    digest: str | None,
    yes: bool,
    wait: bool,
    timeout: float,
    form: Form,
) -> None:
    """Show what the guard holds of a sync, and approve it.

    With DIGEST only if that is what stands for what is held now. As JSON or YAML nobody is asked: without --yes, what
    is held is shown and not approved.
    """
    from paramsync.core import asking

    is_asked = form is Form.TABLE and not yes
    if wait and not (yes or is_asked):
        raise click.UsageError("without --yes nothing is approved here, so that there is nothing to wait for")
    reach = Reach(kubeconfig, context)
    key = whole_name(reach, named, namespace)
    with connected(reach) as transport:
        found = read(transport, *key)
        held = _held(found, digest)
        if form is Form.TABLE:
            _show(found, held)
        elif not yes:
            whole = {"namespace": found.metadata.namespace, "name": found.metadata.name, **_facts(held)}
            click.echo(document({**whole, "approved": False}, form))
            return
        if is_asked:
            click.confirm("Approve this?", abort=True)
        asked = _approve(transport, key, found, held.digest)
        end(
            transport,
            Request(asked, f"{shown(asked)}: {held.digest} is approved", {**_facts(held), "approved": True}),
            asking.put_off(parsed(asked).spec, approval=True),
            lambda sync: asking.approved(sync.status, held.digest),
            timeout if wait else None,
            form,
        )


def _held(found: CustomObject, digest: str | None) -> Held:
    from paramsync.core.asking import Held, ready

    status = parsed(found).status
    held = Held.of(status)
    if held is None:
        raise click.ClickException(f"{shown(found)}: nothing is held; {ready(status)}")
    if digest is not None and digest != held.digest:
        raise click.ClickException(
            f"{shown(found)}: what is held now has the digest {held.digest}, and not {digest}. Look at it again:"
            f" paramsync approve {found.metadata.namespace}/{found.metadata.name}"
        )
    return held


def _show(found: CustomObject, held: Held) -> None:
    click.echo(printable(f"{shown(found)}: {held.why}"))
    click.echo(f"\n{_table(held.actions)}\n")
    if held.waiting:
        click.echo(f"These wait with it, and are carried out as well:\n\n{_table(held.waiting)}\n")
    if held.omitted:
        click.echo(f"And {held.omitted} more, which status has no room for.\n")


def _facts(held: Held) -> dict[str, JsonValue]:
    """What is held, for programs."""
    return {
        "digest": held.digest,
        "why": held.why,
        "held": [_action(each) for each in held.actions],
        "waiting": [_action(each) for each in held.waiting],
        "omitted": held.omitted,
    }


def _action(action: PlannedAction) -> JsonValue:
    found: JsonValue = action.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"held"})
    return found


def _table(actions: Iterable[PlannedAction]) -> str:
    rows = ((each.action, f"{each.kind} {each.name}", each.key, *_of_parameter(each), each.reason) for each in actions)
    return table(HEADERS, [[*map(printable, row)] for row in rows])


def _of_parameter(action: PlannedAction) -> tuple[str, str, str]:
    version = "" if action.version is None else str(action.version)
    return action.parameter or "", version, action.modified or ""


def _approve(transport: Transport, key: tuple[str, str], found: CustomObject, digest: str) -> CustomObject:
    """Approve a digest as long as it is the one of what is held: the same one stands for the same actions.

    :raises click.ClickException: if something else is held by now, or nothing.
    :raises ApiError: if the sync cannot be written.
    """
    from paramsync.core.report import APPROVE
    from paramsync.kube.asking import Asking
    from paramsync.kube.errors import Stale

    for _ in range(MOST_TRIES - 1):
        try:
            return Asking(transport).annotate(found, APPROVE, digest)
        except Stale:
            found = read(transport, *key)
            _held(found, digest)
    return Asking(transport).annotate(found, APPROVE, digest)
