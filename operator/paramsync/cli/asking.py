"""``paramsync refresh``, ``suspend`` and ``resume``: what an annotation or a field does, with a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from .cluster import Named, Reach, connected, parsed, read, sync_options, wait_for, wait_options, whole_name
from .output import Form, document, form_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import JsonValue

    from paramsync.core.asking import Answer
    from paramsync.kube.transport import Transport
    from paramsync.kube.wire import CustomObject
    from paramsync.runtime.syncs import Sync

MOST_TRIES: Final = 10
"""How often a sync may turn out changed between its reading and the writing."""


@click.command()
@sync_options
@wait_options
@form_option
def refresh(
    named: Named,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    wait: bool,
    timeout: float,
    form: Form,
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
        end(
            transport,
            Request(asked, f"{shown(asked)}: a refresh was asked for", {"refresh": value}),
            asking.put_off(parsed(asked).spec, approval=False),
            lambda sync: asking.refreshed(sync.status, value),
            timeout if wait else None,
            form,
        )


@click.command()
@sync_options
@wait_options
@form_option
def suspend(
    named: Named,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    wait: bool,
    timeout: float,
    form: Form,
) -> None:
    """Leave the targets of a sync as they are, and read nothing for it, until it is resumed."""
    _set_suspend(named, namespace, Reach(kubeconfig, context), timeout if wait else None, form, suspend=True)


@click.command()
@sync_options
@wait_options
@form_option
def resume(
    named: Named,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    wait: bool,
    timeout: float,
    form: Form,
) -> None:
    """Go on with a sync that is suspended."""
    _set_suspend(named, namespace, Reach(kubeconfig, context), timeout if wait else None, form, suspend=False)


def _set_suspend(
    named: Named, namespace: str | None, reach: Reach, timeout: float | None, form: Form, *, suspend: bool
) -> None:
    from paramsync.core import asking
    from paramsync.core.trackers import keeper
    from paramsync.kube.asking import Asking

    key = whole_name(reach, named, namespace)
    with connected(reach) as transport:
        asked = read(transport, *key)
        changes = _is_suspended(asked) is not suspend
        if changes:
            asked = write(transport, key, lambda found: Asking(transport).set_suspend(found, suspend=suspend))
            word = "suspended" if suspend else "resumed"
        else:
            word = "suspended already" if suspend else "not suspended"
        tool = keeper(asked.metadata.labels, asked.metadata.annotations)
        if tool is not None:
            held = "suspend: true" if suspend else "no suspend"
            click.echo(
                f"warning: {tool} manages this sync and may put spec.suspend back: write {held} into Git, too", err=True
            )
        answer = asking.suspended if suspend else asking.resumed
        generation = asked.metadata.generation
        request = Request(asked, f"{shown(asked)} is {word}", {"suspend": suspend, "changed": changes})
        end(transport, request, None, lambda sync: answer(sync.status, generation), timeout, form)


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


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of a sync."""

    sync: CustomObject
    """As it was written."""

    said: str
    """What was done, for people."""

    facts: Mapping[str, JsonValue]
    """The same for programs."""


def end(
    transport: Transport,
    request: Request,
    put_off: str | None,
    answer: Callable[[Sync], Answer | None],
    timeout: float | None,
    form: Form,
) -> None:
    """Say what was asked, and what has become of it, if that is to be waited for.

    :param put_off: why the operator will not do it at present.
    :param timeout: in seconds; None: do not wait.
    :raises click.ClickException: if it was not done, or all is not well afterwards.
    """
    if form is Form.TABLE:
        click.echo(request.said)
    come = _become(transport, request.sync, put_off, answer, timeout)
    if form is not Form.TABLE:
        metadata = request.sync.metadata
        found = {"namespace": metadata.namespace, "name": metadata.name, **request.facts}
        click.echo(document({**found, "done": come.is_done, "message": come.text}, form))
    if come.is_error:
        raise click.ClickException(come.text or "")
    if come.text is not None and form is Form.TABLE:
        click.echo(come.text)


class _Become(NamedTuple):
    """What has become of a request."""

    is_done: bool | None
    """Whether the operator has done it and all is well; None if it was not waited for."""

    text: str | None
    is_error: bool = False


def _become(
    transport: Transport,
    asked: CustomObject,
    put_off: str | None,
    answer: Callable[[Sync], Answer | None],
    timeout: float | None,
) -> _Become:
    from paramsync.kube.errors import ApiError

    if put_off is not None:
        return _Become(is_done=False, text=f"It is not done yet: {put_off}", is_error=timeout is not None)
    if timeout is None:
        return _Become(is_done=None, text=None)
    try:
        come = wait_for(transport, asked, answer, timeout)
    except click.ClickException as error:
        return _Become(is_done=False, text=error.message, is_error=True)
    except ApiError as error:
        return _Become(is_done=False, text=str(error), is_error=True)
    return _Become(is_done=come.is_good, text=come.text, is_error=not come.is_good)


def shown(sync: CustomObject) -> str:
    """The kind, namespace and name of a sync."""
    return f"ParameterSync {sync.metadata.namespace}/{sync.metadata.name}"
