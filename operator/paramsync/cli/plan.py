"""``paramsync plan``: what the operator would do, key by key, without any value."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from .aws import THREADS, aws_options, clients, loaded, to_a_person
from .cluster import Named, Reach, cluster_options, connected, names_argument, whole_name
from .manifests import DEFAULT, files_options
from .output import Colour, Form, coloured, form_option, printable, progress, show, table, told

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

    from paramsync.core.preview import Line
    from paramsync.core.reasons import Problem
    from paramsync.kube.targets import Targets
    from paramsync.kube.transport import Transport
    from paramsync.runtime.preview.answering import Answer
    from paramsync.runtime.preview.stores import Cluster

COLUMNS: Final = ("ACTION", "TARGET", "KEY", "PARAMETER", "VERSION", "TYPE", "WHY")
COLOURS: Final = {"keep": Colour.FAINT, "add": Colour.GOOD, "remove": Colour.BAD, "move": Colour.BAD}
MOST_NAMES: Final = 3
"""How many parameters of one key a table names."""


@click.command()
@files_options
@click.option("--cluster", is_flag=True, help="Compare with what the cluster has, as the operator would.")
@cluster_options
@aws_options
@form_option
@names_argument
def plan(
    paths: tuple[Path, ...],
    names: tuple[Named, ...],
    namespace: str | None,
    cluster: bool,
    kubeconfig: str | None,
    context: str | None,
    settings: Path | None,
    as_me: bool,
    rate: int,
    form: Form,
) -> None:
    """Show what the operator would do for syncs, key by key; never a value.

    Syncs come from files (-f). No cluster is needed: AWS alone is read, and every key is new. With --cluster,
    --kubeconfig or --context they are compared with what the cluster has; a sync that is named is read from there, too.

    Ends with 0 if nothing would change, with 2 if something would, with 3 if the guard would hold it, and with 1 if
    a sync could not be carried out.
    """
    from paramsync.runtime.preview.answering import World, answers

    from . import syncs
    from .manifests import read

    if not paths and not names:
        raise click.UsageError("give a file with -f, or name a sync of the cluster as NAMESPACE/SYNC")
    manifests, reach = read(paths), Reach(kubeconfig, context)
    given = syncs.given(manifests, loaded(settings), namespace or DEFAULT)
    with ExitStack() as stack:
        transport, known, targets = None, None, None
        if cluster or names or kubeconfig or context:
            transport = stack.enter_context(connected(reach))
            known, targets = _reads(transport)
        asked = [*syncs.stated(manifests, transport, namespace or DEFAULT)]
        if transport is not None:
            asked += [syncs.named(transport, *whole_name(reach, name, namespace)) for name in names]
        if not asked:
            raise click.ClickException("the files have no ParameterSync")
        aws = stack.enter_context(clients(transport))
        read_more = stack.enter_context(progress())
        found = answers(asked, World(given, aws, known, targets, as_me, rate, THREADS), read_more)
    from paramsync.core.preview import worst

    show(form, lambda: "\n\n".join(map(_shown, found)), lambda: {"syncs": [_document(each) for each in found]})
    click.get_current_context().exit(worst(each.verdict for each in found))


def _reads(transport: Transport) -> tuple[Cluster, Targets]:
    """What reads a cluster."""
    from paramsync.kube.fence import SoleReplica
    from paramsync.kube.targets import Targets

    from .syncs import cluster_of

    return cluster_of(transport), Targets(transport, SoleReplica())


def _shown(answer: Answer) -> str:
    """What is told of one sync, to people."""
    parts = [f"ParameterSync {printable(str(answer.key))}: {_summary(answer)}"]
    if answer.preview is not None and answer.preview.lines:
        parts.append(table(COLUMNS, [_row(line) for line in answer.preview.lines]))
    parts += [told(each.reason, to_a_person(each.message)) for each in answer.problems]
    return "\n".join(parts)


def _summary(answer: Answer) -> str:
    from paramsync.core.preview import Verdict

    if answer.verdict is Verdict.FAILS:
        return coloured("cannot be carried out; nothing would be written", Colour.BAD)
    lines = () if answer.preview is None else answer.preview.lines
    kinds = Counter(line.action.kind for line in lines if not line.is_held)
    held = sum(line.is_held for line in lines)
    counts = [f"{count} {kind}" for kind, count in kinds.items()] + ([f"{held} held"] if held else [])
    colour = {Verdict.UNCHANGED: Colour.GOOD, Verdict.CHANGES: Colour.CHANGED}.get(answer.verdict, Colour.BAD)
    return coloured(", ".join(counts) or "nothing would change", colour)


def _row(line: Line) -> tuple[str | None, ...]:
    action = line.action
    more = len(line.parameters) - MOST_NAMES
    names = ", ".join(line.parameters[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return (
        coloured("held" if line.is_held else action.kind, Colour.BAD if line.is_held else _colour(line)),
        str(action.target),
        action.key,
        names,
        None if action.version is None else str(action.version),
        line.type,
        f"{action.kind}: {action.reason}" if line.is_held else action.reason,
    )


def _colour(line: Line) -> Colour:
    return COLOURS.get(line.action.kind, Colour.CHANGED)


def _document(answer: Answer) -> JsonValue:
    """What is told of one sync, to programs."""
    lines = () if answer.preview is None else answer.preview.lines
    return {
        "namespace": answer.key.namespace,
        "name": answer.key.name,
        "verdict": answer.verdict.name.lower(),
        # Without a sync in a cluster there is nothing that it could approve.
        "digest": answer.preview.plan.digest if answer.preview is not None and answer.is_live else None,
        "actions": [_action(line) for line in lines],
        "problems": [_problem(each) for each in answer.problems],
    }


def _action(line: Line) -> JsonValue:
    from paramsync.core.planned import planned_action

    shown: dict[str, JsonValue] = planned_action(line.action, held=line.is_held).model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"parameter"}
    )
    return {**shown, "type": line.type, "parameters": list(line.parameters)}


def _problem(problem: Problem) -> JsonValue:
    from paramsync.core.remedies import REMEDIES, anchor

    return {
        "reason": problem.reason,
        "subject": problem.subject,
        "message": to_a_person(problem.message),
        "remedy": REMEDIES[problem.reason],
        "docs": anchor(problem.reason),
    }
