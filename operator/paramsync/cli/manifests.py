"""Manifests from files: the objects in them, each with the place where it stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never, ParamSpec, TypeVar

import click

from .output import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import JsonValue

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]

STDIN: Final = Path("-")
DEFAULT: Final = "default"
"""The namespace of objects in files that name none, as kubectl without a context's has it."""

BESIDE: Final = ("Namespace", "ServiceAccount")
"""Kinds that are read beside our own."""

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""Of the files that are read in a directory, and in those below it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object as a file has it; only its form is known to be one of an object."""

    place: str
    """The file and the number of the document, from 1."""

    api_version: str
    kind: str
    namespace: str
    """Empty if it names none."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: JsonValue

    @property
    def is_ours(self) -> bool:
        """Whether it is of our group, and so of the version that there is."""
        from paramsync.core.manifests import is_ours

        return is_ours(self.api_version)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def _checked_namespace(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    if name is not None:
        from paramsync.core.object_meta import namespace_fault

        fault = namespace_fault(name)
        if fault:
            raise click.BadParameter(fault)
    return name


def files_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--filename``, which the command gets as ``paths``, and ``--namespace``."""
    for option in (
        click.option(
            "-n",
            "--namespace",
            callback=_checked_namespace,
            help="The namespace of syncs that name none. Default: default for those in files, that of the context for"
            " those in a cluster.",
        ),
        click.option(
            "-f",
            "--filename",
            "paths",
            multiple=True,
            type=click.Path(exists=True, allow_dash=True, path_type=Path),
            help="A file with syncs, and with their stores if they stand neither in the settings nor in the cluster; or"
            " a directory of such files; or - for what is piped in. May be given several times.",
        ),
    ):
        command = option(command)
    return command


def read(paths: Iterable[Path]) -> list[Manifest]:
    """The objects in files and directories, also those in lists; ``-`` is the standard input.

    :raises click.ClickException: if one cannot be read, or one of ours has no version, kind or name that there can be.
    """
    return [found for path in paths for file in files_in(path) for found in _objects(file)]


def files_in(path: Path) -> Iterator[Path]:
    """A file, or all YAML and JSON files below a directory, in order.

    :raises click.ClickException: if a directory cannot be read, or something in it has such a name and is no file.
    """
    if path == STDIN or not path.is_dir():
        yield path
        return
    for file in sorted(_below(path)):
        if not file.is_file():
            what = "a link to nothing" if file.is_symlink() else "neither a file nor a directory"
            raise click.ClickException(f"{file}: it is {what}")
        yield file


def _below(directory: Path) -> Iterator[Path]:
    def refused(error: OSError) -> Never:
        raise click.ClickException(f"{error.filename}: {error.strerror}")

    for where, _, names in os.walk(directory, onerror=refused):
        yield from (Path(where, name) for name in names if Path(name).suffix in SUFFIXES)


def text_of(file: Path) -> str:
    """What a file holds.

    :raises click.ClickException: if it cannot be read.
    """
    if file == STDIN and sys.stdin is None:
        raise click.ClickException(f"{_named(file)}: it is closed")
    try:
        return sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{_named(file)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{_named(file)}: not UTF-8") from None


def _named(file: Path) -> str:
    return "standard input" if file == STDIN else str(file)


def _objects(file: Path) -> Iterator[Manifest]:
    from .documents import Unreadable, documents

    name = _named(file)
    try:
        for document in documents(text_of(file), BESIDE):
            yield from _in_document(document.content, f"{name}, document {document.number}")
    except Unreadable as error:
        raise click.ClickException(f"{name}:{error.line}: {error}") from None


def _in_document(document: JsonValue, place: str) -> Iterator[Manifest]:
    if not isinstance(document, dict):
        return
    items = document.get("items")
    if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from _in_document(item, place)
        return
    _check(document, place)
    metadata = document.get("metadata")
    about: Mapping[str, JsonValue] = metadata if isinstance(metadata, dict) else {}
    yield Manifest(
        place,
        str(document.get("apiVersion", "")),
        str(document.get("kind", "")),
        str(about.get("namespace") or ""),
        str(about.get("name") or ""),
        _texts(about.get("labels")),
        _texts(about.get("annotations")),
        document.get("spec"),
    )


def _check(document: dict[str, JsonValue], place: str) -> None:
    """Whether there can be such an object, if it is one of ours; whether its spec is good is for others to say.

    :raises click.ClickException: if there cannot.
    """
    from paramsync.core.manifests import checked_identity, is_ours

    if not is_ours(document.get("apiVersion")):
        return
    found = checked_identity(document)
    if found.faults:
        said = "; ".join(f"{fault.field}: {fault.message}" for fault in found.faults)
        raise click.ClickException(printable(f"{place}: {found}: {said}"))


def _texts(found: object) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
