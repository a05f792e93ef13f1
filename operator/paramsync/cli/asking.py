"""``paramsync refresh``, ``suspend`` and ``resume``: what an annotation or a field does, with a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from .cluster import Named, Reach, connected, parsed, read, sync_options, wait_for, wait_options, whole_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramsync.core.asking import Answer
    from paramsync.kube.transport import Transport
    from paramsync.kube.wire import CustomObject
    from paramsync.runtime.syncs import Sync

MOST_TRIES: Final = 10
"""How often a sync may turn out changed between its reading and the writing."""


@click.command()
@sync_options
@wait_options
def refresh(
    named: Named, namespace: str | None, kubeconfig: str | None, context: str | None, wait: bool, timeout: float
) -> None:
    """Read Parameter Store for a sync now, and not at the end of its interval."""
    from datetime import UTC, datetime

    from paramsync.core import asking
    from paramsync.kube.asking import Asking
    from paramsync.runtime.syncs import REFRESH_ANNOTATION

    reach = Reach(kubeconfig, context)
    key = whole_name(reach, named, namespace)
    value = datetime.now(UTC).isoformat(timespec="microseconds")
    with connected(reach) as transport:
        asked = write(transport, key, lambda found: Asking(transport).annotate(found, REFRESH_ANNOTATION, value))
        put_off = asking.put_off(parsed(asked).spec, approval=False)
        click.echo(f"{shown(asked)}: a refresh was asked for")
        end(transport, asked, put_off, lambda sync: asking.refreshed(sync.status, value), timeout if wait else None)


@click.command()
@sync_options
@wait_options
def suspend(
    named: Named, namespace: str | None, kubeconfig: str | None, context: str | None, wait: bool, timeout: float
) -> None:
    """Leave the targets of a sync as they are, and read nothing for it, until it is resumed."""
    _set_suspend(named, namespace, Reach(kubeconfig, context), timeout if wait else None, suspend=True)


@click.command()
@sync_options
@wait_options
def resume(
    named: Named, namespace: str | None, kubeconfig: str | None, context: str | None, wait: bool, timeout: float
) -> None:
    """Go on with a sync that is suspended."""
    _set_suspend(named, namespace, Reach(kubeconfig, context), timeout if wait else None, suspend=False)


def _set_suspend(named: Named, namespace: str | None, reach: Reach, timeout: float | None, *, suspend: bool) -> None:
    from paramsync.core import asking
    from paramsync.core.trackers import keeper
    from paramsync.kube.asking import Asking

    key = whole_name(reach, named, namespace)
    word = "suspended" if suspend else "resumed"
    with connected(reach) as transport:
        before = read(transport, *key)
        if _is_suspended(before) is suspend:
            asked = before
            click.echo(f"{shown(asked)} is {'suspended already' if suspend else 'not suspended'}")
        else:
            asked = write(transport, key, lambda found: Asking(transport).set_suspend(found, suspend=suspend))
            click.echo(f"{shown(asked)} is {word}")
        tool = keeper(asked.metadata.labels, asked.metadata.annotations)
        if tool is not None:
            held = "suspend: true" if suspend else "no suspend"
            click.echo(
                f"warning: {tool} manages this sync and may put spec.suspend back: write {held} into Git, too", err=True
            )
        answer = asking.suspended if suspend else asking.resumed
        generation = asked.metadata.generation
        end(transport, asked, None, lambda sync: answer(sync.status, generation), timeout)


def _is_suspended(found: CustomObject) -> bool:
    """Whether a sync says so, also one whose spec is not valid otherwise."""
    return isinstance(found.spec, dict) and found.spec.get("suspend") is True


def write(transport: Transport, key: tuple[str, str], change: Callable[[CustomObject], CustomObject]) -> CustomObject:
    """Change a sync as it is now, again if it changed meanwhile.

    :raises ApiError: if it cannot be read or written.
    """
    from paramsync.kube.errors import Stale

    for _ in range(MOST_TRIES - 1):
        try:
            return change(read(transport, *key))
        except Stale:
            continue
    return change(read(transport, *key))


def end(
    transport: Transport,
    asked: CustomObject,
    put_off: str | None,
    answer: Callable[[Sync], Answer | None],
    timeout: float | None,
) -> None:
    """Say what has become of what was asked, if that is to be waited for.

    :param put_off: why the operator will not do it at present.
    :param timeout: in seconds; None: do not wait.
    :raises click.ClickException: if it was not done, or all is not well afterwards.
    """
    if put_off is not None:
        if timeout is not None:
            raise click.ClickException(f"it is not done yet: {put_off}")
        click.echo(f"It is not done yet: {put_off}")
        return
    if timeout is None:
        return
    come = wait_for(transport, asked, answer, timeout)
    if not come.is_good:
        raise click.ClickException(come.text)
    click.echo(come.text)


def shown(sync: CustomObject) -> str:
    """The kind, namespace and name of a sync."""
    return f"ParameterSync {sync.metadata.namespace}/{sync.metadata.name}"
