"""``paramsync tree``: what is below a path, with types, versions and ages, and where it would go; never a value."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from .aws import THREADS, aws_options, checked, clients, identity, loaded, place_options, to_a_person
from .manifests import DEFAULT, files_options
from .output import Colour, Form, coloured, form_option, progress, show, table, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from paramsync.aws.identities.clients import Clients
    from paramsync.core.parameters import Snapshot, Stamp, Subtree
    from paramsync.core.places import Placed
    from paramsync.core.reasons import Problem
    from paramsync.runtime.feeds.needs import Need
    from paramsync.runtime.preview.answering import Asked
    from paramsync.runtime.preview.reading import Found
    from paramsync.runtime.settings import Settings

    Places = Mapping[tuple[Subtree, str], Mapping[str, Placed]]
    """By subtree and full name, then by sync."""

COLUMNS: Final = ("PARAMETER", "TYPE", "VERSION", "AGE")
UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@click.command()
@files_options
@place_options
@click.option("--label", help="Show the versions that carry this label, and only parameters that have one.")
@click.option("--recursive/--no-recursive", default=True, show_default=True, help="All levels below the path, or one.")
@aws_options
@form_option
@click.argument("path", required=False)
def tree(
    paths: tuple[Path, ...],
    namespace: str | None,
    region: str | None,
    role_arn: str | None,
    external_id: str | None,
    label: str | None,
    recursive: bool,
    settings: Path | None,
    as_me: bool,
    rate: int,
    form: Form,
    path: str | None,
) -> None:
    """Show what is below PATH: types, versions and ages, never a value. Nothing is decrypted.

    With syncs (-f) it shows what they list, read as their stores say, and where each parameter would go; PATH then
    shows only what is below it.
    """
    from paramsync.aws.errors import SourceError
    from paramsync.core.parameters import Snapshot, Subtree
    from paramsync.core.reasons import Problem
    from paramsync.core.want import Selection
    from paramsync.runtime.feeds.needs import Need
    from paramsync.runtime.preview.reading import read

    if path is None and not paths:
        raise click.UsageError("give a path, or a file with syncs with -f")
    own = (region, role_arn, external_id, label)
    if paths and (any(each is not None for each in own) or not recursive):
        raise click.UsageError("with -f the syncs say where to read, and how: leave the other options out")
    asked: Sequence[tuple[Asked, Sequence[Need | Problem]]] = ()
    with ExitStack() as stack:
        aws = stack.enter_context(clients(None))
        known = loaded(settings)
        if paths:
            asked = _asked(paths, known, namespace or DEFAULT, aws, as_me=as_me)
            needs = [Need(each.subtree, Selection()) for _, found in asked for each in found if isinstance(each, Need)]
        else:
            who = identity(aws, known, region, role_arn, external_id)
            needs = [Need(Subtree(who, checked(path or ""), recursive, label), Selection())]
        read_more = stack.enter_context(progress())
        found = read(aws, needs, rate, THREADS, read_more)
        snapshots = [_with_account(aws, each) for each in found.values() if isinstance(each, Snapshot)]
    places = _places(asked, found)
    shown = [_below(each, path if paths else None) for each in snapshots]
    show(
        form,
        lambda: "\n\n".join(_text(each, places, with_places=bool(paths)) for each in shown),
        lambda: {"subtrees": [_document(each, places) for each in shown]},
    )
    for hint in _empty(snapshots, shown, path):
        click.echo(hint, err=True)
    problems = [each for _, found in asked for each in found if isinstance(each, Problem)]
    problems += [Problem(each.reason, "", str(each)) for each in found.values() if isinstance(each, SourceError)]
    for problem in dict.fromkeys(problems):
        click.echo(told(problem.reason, to_a_person(problem.message)), err=True)
    click.get_current_context().exit(1 if problems else 0)


def _asked(
    paths: Iterable[Path], settings: Settings, namespace: str, aws: Clients, *, as_me: bool
) -> list[tuple[Asked, Sequence[Need | Problem]]]:
    """The syncs in files, each with what its sources need; or why it cannot be carried out."""
    from paramsync.runtime.preview.answering import needs
    from paramsync.runtime.preview.stores import StoreFinder

    from . import syncs
    from .manifests import read

    manifests = read(paths)
    finder = StoreFinder(syncs.given(manifests, settings, namespace), None, aws.own_region, as_me=as_me)
    asked = list(syncs.stated(manifests, None, namespace))
    if not asked:
        raise click.ClickException("the files have no ParameterSync")
    found = [(each, needs(each, finder)) for each in asked]
    for said in finder.assumed.values():
        click.echo(told(said.reason, said.message), err=True)
    return found


def _places(asked: Iterable[tuple[Asked, Sequence[Need | Problem]]], found: Found) -> Places:
    """Where everything goes, by the syncs all of whose sources could be read."""
    from paramsync.core.parameters import Snapshot
    from paramsync.core.places import placed
    from paramsync.runtime.feeds.needs import Need

    places: dict[tuple[Subtree, str], dict[str, Placed]] = {}
    for each, needed in asked:
        results = [found[need.subtree] for need in needed if isinstance(need, Need)]
        snapshots = [result for result in results if isinstance(result, Snapshot)]
        if each.spec is None or not snapshots or len(snapshots) < len(needed):
            continue
        for key, place in placed(each.spec, each.key.name, snapshots).items():
            places.setdefault(key, {})[str(each.key)] = place
    return places


def _with_account(aws: Clients, snapshot: Snapshot) -> Snapshot:
    """A snapshot with the account that was read: where there is no parameter, none tells it."""
    if snapshot.parameters:
        return snapshot
    return replace(snapshot, account=aws.prepare(snapshot.subtree.identity))


def _empty(snapshots: Sequence[Snapshot], shown: Sequence[Snapshot], path: str | None) -> Iterator[str]:
    """What is to be said where nothing is shown.

    :param snapshots: what was read.
    :param shown: what of it is at or below the path.
    """
    from paramsync.core.emptiness import nothing_below
    from paramsync.core.reasons import Reason

    for each in snapshots:
        if not each.parameters:
            yield told(Reason.NO_PARAMETERS, nothing_below(each.subtree.path, each.subtree.label))
    if path and any(each.parameters for each in snapshots) and not any(each.parameters for each in shown):
        yield told(Reason.NO_PARAMETERS, f"Nothing of what the syncs list is at or below {path}")


def _below(snapshot: Snapshot, path: str | None) -> Snapshot:
    """What of a snapshot is at or below a path."""
    if path is None or path == "/":
        return snapshot
    top = path.rstrip("/")
    kept = {name: each for name, each in snapshot.parameters.items() if name == top or name.startswith(f"{top}/")}
    return replace(snapshot, parameters=kept)


def _text(snapshot: Snapshot, places: Places, *, with_places: bool) -> str:
    """A tree for people."""
    from paramsync.core.branches import branches

    now, subtree = datetime.now(UTC), snapshot.subtree
    by_name = {subtree.relative_name(name): each for name, each in snapshot.parameters.items()}
    columns = (*COLUMNS, *(("GOES TO",) if with_places else ()))
    rows: list[tuple[str | None, ...]] = []
    for drawn, name in branches(by_name):
        parameter = None if name is None else by_name[name]
        cells = (None, None, None) if parameter is None else _about(parameter.stamp, now)
        goes = "" if parameter is None else _goes(places.get((subtree, parameter.stamp.name), {}))
        rows.append((drawn, *cells, *((goes,) if with_places else ())))
    label = f", label {subtree.label}" if subtree.label else ""
    account = f" of account {snapshot.account}" if snapshot.account else ""
    count = len(snapshot.parameters)
    head = f"{subtree.path} in {subtree.identity.region}{account}{label}: {count} parameter{'s' if count != 1 else ''}"
    return f"{head}\n{table(columns, rows, indents=True)}" if rows else head


def _about(stamp: Stamp, now: datetime) -> tuple[str, str, str]:
    is_secure = stamp.type == "SecureString"
    shown = coloured(stamp.type, Colour.CHANGED) if is_secure else str(stamp.type)
    return shown, str(stamp.version), age((now - stamp.modified).total_seconds())


def _goes(placed: Mapping[str, Placed]) -> str:
    """Where a parameter goes, by each sync; the sync is named where there are several."""
    several = len(placed) > 1
    told = (
        (f"{sync}: " if several else "")
        + (", ".join(f"{each.target} {each.key}" for each in place.places) or coloured(place.why, Colour.FAINT))
        for sync, place in placed.items()
    )
    return "; ".join(told)


def age(seconds: float) -> str:
    """How long ago something was, in the largest unit that there is one of."""
    whole = max(int(seconds), 0)
    size, unit = next(((size, unit) for size, unit in UNITS if whole >= size), UNITS[-1])
    return f"{whole // size}{unit}"


def _document(snapshot: Snapshot, places: Places) -> JsonValue:
    """A tree for programs."""
    subtree = snapshot.subtree
    return {
        "path": subtree.path,
        "region": subtree.identity.region,
        "account": snapshot.account,
        "label": subtree.label,
        "parameters": [
            _parameter(snapshot.parameters[name].stamp, places.get((subtree, name), {}))
            for name in sorted(snapshot.parameters)
        ],
    }


def _parameter(stamp: Stamp, placed: Mapping[str, Placed]) -> JsonValue:
    found: dict[str, JsonValue] = {
        "name": stamp.name,
        "type": stamp.type,
        "version": stamp.version,
        "modified": stamp.modified.isoformat(),
    }
    goes: list[JsonValue] = [
        {"sync": sync, "kind": each.target.kind, "target": each.target.name, "key": each.key}
        for sync, place in placed.items()
        for each in place.places
    ]
    nowhere: list[JsonValue] = [{"sync": sync, "why": place.why} for sync, place in placed.items() if place.why]
    return found | ({"goesTo": goes, "nowhere": nowhere} if placed else {})
