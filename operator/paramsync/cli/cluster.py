"""What the commands share that speak with a cluster: their options, the sync that is meant, and its reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paramsync.core.asking import Answer
    from paramsync.kube.transport import Transport
    from paramsync.kube.wire import CustomObject
    from paramsync.runtime.syncs import Sync

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]

LOOK: Final = 0.5
"""Seconds between two looks at a sync that is waited for."""


NO_API_SERVER: Final = "an answer is not one of an API server"
ON_THE_WAY: Final = "is there a proxy, or a page to log in, on the way"


class Reach(NamedTuple):
    """Which cluster is meant, and by which user."""

    kubeconfig: str | None
    context: str | None


class Named(NamedTuple):
    """The sync that is meant. The namespace is None where it is that of the context."""

    namespace: str | None
    name: str


def cluster_options(command: Command[P, R]) -> Command[P, R]:
    """Adds what says which cluster is meant: ``--kubeconfig`` and ``--context``."""
    for option in (
        click.option("--context", help="The context of the kubeconfig. Default: its current one."),
        click.option(
            "--kubeconfig",
            type=click.Path(exists=True, dir_okay=False),
            help="The kubeconfig to use. Default: $KUBECONFIG or ~/.kube/config; in a pod, its service account.",
        ),
    ):
        command = option(command)
    return command


def sync_options(command: Command[P, R]) -> Command[P, R]:
    """Adds the sync that is meant, as ``NAMESPACE/SYNC`` or as ``-n NAMESPACE SYNC``, and the cluster."""
    namespace = click.option(
        "-n", "--namespace", help="The namespace of the sync. Default: what stands before the slash, or the context's."
    )
    argument = click.argument("named", metavar="[NAMESPACE/]SYNC", callback=_named)
    return argument(namespace(cluster_options(command)))


def wait_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--wait`` and ``--timeout``."""
    for option in (
        click.option(
            "--timeout",
            default=120,
            show_default=True,
            type=click.IntRange(0, 24 * 3600),
            help="Seconds to wait at most, with --wait.",
        ),
        click.option("--wait", is_flag=True, help="Wait until the operator has done it, and say what came of it."),
    ):
        command = option(command)
    return command


def _named(_context: click.Context, _argument: click.Parameter, text: str) -> Named:
    before, slash, name = text.rpartition("/")
    if not name or (slash and not before) or "/" in before:
        raise click.BadParameter("give the sync as NAMESPACE/SYNC, or as -n NAMESPACE SYNC")
    return Named(before or None, name)


def names_argument(command: Command[P, R]) -> Command[P, R]:
    """Adds any number of syncs, as ``names``."""
    return click.argument("names", nargs=-1, metavar="[[NAMESPACE/]SYNC]...", callback=_all_named)(command)


def _all_named(context: click.Context, argument: click.Parameter, texts: tuple[str, ...]) -> tuple[Named, ...]:
    return tuple(_named(context, argument, text) for text in texts)


@contextmanager
def connected(reach: Reach) -> Iterator[Transport]:
    """A way to the API server; what it refuses ends the command with a message, which names the right that is missing.

    :raises click.ClickException: if there is none, or a request fails.
    """
    from pydantic import ValidationError

    from paramsync.kube.credentials import KubeconfigError
    from paramsync.kube.errors import ApiError, Forbidden
    from paramsync.kube.transport import connect

    try:
        transport = connect(reach.kubeconfig, reach.context, connections=1)
    except KubeconfigError as error:
        raise click.ClickException(str(error)) from None
    try:
        yield transport
    except Forbidden as error:
        raise click.ClickException(error.with_right) from None
    except ApiError as error:
        raise click.ClickException(str(error)) from None
    except ValidationError:
        raise click.ClickException(f"{NO_API_SERVER}: {ON_THE_WAY}?") from None
    finally:
        transport.close()


def whole_name(reach: Reach, named: Named, namespace: str | None) -> tuple[str, str]:
    """The namespace and the name of the sync that is meant.

    :raises click.ClickException: if two namespaces are named, or the context's cannot be known.
    """
    from paramsync.kube.credentials import KubeconfigError
    from paramsync.kube.kubeconfig import namespace_of

    if namespace and named.namespace and namespace != named.namespace:
        raise click.UsageError(f"two namespaces are named: {named.namespace} and {namespace}")
    found = namespace or named.namespace
    if found is None:
        try:
            found = namespace_of(*reach)
        except KubeconfigError as error:
            raise click.ClickException(str(error)) from None
    return found, named.name


def read(transport: Transport, namespace: str, name: str) -> CustomObject:
    """Read a sync.

    :raises click.ClickException: if there is none, or our kinds are not served.
    :raises ApiError: if it cannot be read.
    """
    from paramsync.kube.customs import SYNCS, Customs
    from paramsync.kube.fence import SoleReplica

    customs = Customs(transport, SoleReplica())
    found = customs.sync(namespace, name)
    if found is not None:
        return found
    if not customs.are_served([SYNCS]):
        raise click.ClickException("the cluster has no ParameterSyncs: paramsync is not installed; see paramsync crds")
    raise click.ClickException(f"there is no ParameterSync {namespace}/{name}: see kubectl get psync -A")


def parsed(found: CustomObject) -> Sync:
    """A sync that was read, by the operator's own models."""
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.syncs import Sync

    return Sync.of(SyncKey(found.metadata.namespace, found.metadata.name), found)


def wait_for(
    transport: Transport, asked: CustomObject, answer: Callable[[Sync], Answer | None], timeout: float
) -> Answer:
    """Look at a sync until the operator has acted on what was asked of it.

    :param timeout: in seconds.
    :raises click.ClickException: if that takes too long, or the sync is another one by then.
    :raises ApiError: if it cannot be read.
    """
    until = time.monotonic() + timeout
    namespace, name = asked.metadata.namespace, asked.metadata.name
    while True:
        found = read(transport, namespace, name)
        if found.metadata.uid != asked.metadata.uid:
            raise click.ClickException(f"ParameterSync {namespace}/{name} was deleted and made again meanwhile")
        sync = parsed(found)
        if (come := answer(sync)) is not None:
            return come
        if time.monotonic() >= until:
            from paramsync.core.asking import ready

            raise click.ClickException(
                f"the operator has not done it within {timeout:.0f} s: see whether it runs (paramsync doctor)."
                f" The sync says: {ready(sync.status)}"
            )
        time.sleep(LOOK)
