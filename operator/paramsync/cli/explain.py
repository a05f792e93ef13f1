"""``paramsync explain``: where each key of a sync's targets came from, and why it is not newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .aws import THREADS, As, aws_options, clients, loaded
from .cluster import Named, Reach, connected, parsed, read, sync_options, whole_name
from .output import Form, form_option, progress, show
from .syncs import cluster_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paramsync.core.routing import Route, TargetRef
    from paramsync.core.tracing import TargetTrace
    from paramsync.kube.targets import Targets
    from paramsync.kube.transport import Transport
    from paramsync.runtime.preview.origins import Origins
    from paramsync.runtime.syncs import Sync


@click.command()
@sync_options
@click.argument("key", required=False)
@click.option("--aws", is_flag=True, help="Read Parameter Store as well, and say what it has that is newer.")
@aws_options
@form_option
def explain(
    named: Named,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    key: str | None,
    aws: bool,
    settings: Path | None,
    as_me: bool,
    rate: int,
    form: Form,
) -> None:
    """Show where the keys of a sync came from, and why they are not newer. No value is read or shown.

    KEY is a key of a target, or the full name of a parameter. No rights in AWS are needed: what is read is the sync,
    and the metadata of its targets. A target that you may not read is named, and the rest is shown.
    """
    from paramsync.core.news import by_key, with_new

    from .explained import Explained

    reach = Reach(kubeconfig, context)
    with connected(reach) as transport:
        found = read(transport, *whole_name(reach, named, namespace))
        sync = parsed(found)
        targets = tuple(_traces(transport, sync))
        origins = _origins(transport, sync, As(settings, as_me, rate)) if aws else None
    if origins is not None:
        targets = with_new(targets, by_key(origins.keys))
    if key is not None:
        targets = _chosen(targets, key, sync)
    explained = Explained.of(found, sync, targets, origins, key or "")
    show(form, explained.details if key is not None else explained.overview, explained.document)


def _origins(transport: Transport, sync: Sync, how: As) -> Origins:
    """What Parameter Store has now, by the reader of ``paramsync plan``."""
    from paramsync.runtime.preview.answering import Asked, World
    from paramsync.runtime.preview.origins import origins
    from paramsync.runtime.preview.stores import Given

    given = Given(loaded(how.settings), {}, {}, {})
    asked = Asked(sync.key, sync.spec, sync.invalid, sync)
    with clients(transport) as made, progress() as told:
        world = World(given, made, cluster_of(transport), None, how.as_me, how.rate, THREADS)
        return origins(asked, world, told)


def _chosen(targets: tuple[TargetTrace, ...], key: str, sync: Sync) -> tuple[TargetTrace, ...]:
    from paramsync.core.tracing import chosen, similar

    found = chosen(targets, key)
    if found:
        return found
    alike = similar(targets, key)
    hint = f"; similar: {', '.join(alike)}" if alike else ""
    untold = "".join(f"\n{each.ref}: {each.unknown}" for each in targets if each.unknown)
    hidden = ", ".join(str(each.ref) for each in targets if each.is_hidden)
    if hidden:
        raise click.ClickException(
            f"whether {sync.key} has a key {key}, or one that is made of a parameter of that name, cannot be told: it"
            f" may be in {hidden}, which you may not read, and is in no other target{hint}. Who has rights in AWS is"
            f" told by paramsync plan -f FILE, or paramsync tree -f FILE, with the manifest of the sync{untold}"
        )
    raise click.ClickException(
        f"no target of {sync.key} has a key {key}, and none is made of a parameter of that name{hint}{untold}"
    )


def _traces(transport: Transport, sync: Sync) -> Iterator[TargetTrace]:
    """The targets that the spec names, and those that status says were written."""
    from paramsync.core.deletion import recorded
    from paramsync.core.routing import routes
    from paramsync.kube.fence import SoleReplica
    from paramsync.kube.targets import Targets

    named = {} if sync.spec is None else {route.ref: route for route in routes(sync.spec, sync.key.name)}
    targets = Targets(transport, SoleReplica())
    for ref in sorted(named.keys() | recorded(sync.status).keys()):
        yield _trace(targets, sync, ref, named.get(ref))


def _trace(targets: Targets, sync: Sync, ref: TargetRef, route: Route | None) -> TargetTrace:
    from paramsync.core.tracing import trace, untold
    from paramsync.kube.errors import Forbidden

    try:
        live = targets.get(ref, sync.key.namespace, values=False)
    except Forbidden:
        kind = f"{ref.kind.lower()}s"
        why = f"you may not read it: that needs the right to get {kind} in namespace {sync.key.namespace}"
        return untold(ref, why, route, sync.status.plan, is_hidden=True)
    if live is None:
        return untold(ref, "it does not exist", route, sync.status.plan)
    return trace(live, sync.owner, route, sync.status.plan)
