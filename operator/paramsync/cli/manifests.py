"""Manifests from files: the objects in them, each with the place where it stands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import JsonValue

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]

STDIN: Final = Path("-")
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

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def files_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--filename``, which the command gets as ``paths``, and ``--namespace``."""
    for option in (
        click.option(
            "-n",
            "--namespace",
            default="default",
            show_default=True,
            help="The namespace of syncs that name none.",
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

    :raises click.ClickException: if one cannot be read, or is not YAML.
    """
    return [found for path in paths for file in files_in(path) for found in _objects(file)]


def files_in(path: Path) -> Iterator[Path]:
    """A file, or all YAML and JSON files below a directory, in order."""
    if path == STDIN or not path.is_dir():
        yield path
        return
    yield from sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())


def _objects(file: Path) -> Iterator[Manifest]:
    import yaml

    name = "standard input" if file == STDIN else str(file)
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
        documents = list(yaml.safe_load_all(text))
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{name}: not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        raise click.ClickException(f"{name}{where}: {getattr(error, 'problem', None) or 'not YAML'}") from None
    for number, document in enumerate(documents, 1):
        place = name if len(documents) == 1 else f"{name}, document {number}"
        yield from _in_document(document, place)


def _in_document(document: object, place: str) -> Iterator[Manifest]:
    if document is None:
        return
    if not isinstance(document, dict):
        raise click.ClickException(f"{place}: not an object of Kubernetes")
    items = document.get("items")
    if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from _in_document(item, place)
        return
    metadata = document.get("metadata")
    about: Mapping[str, object] = metadata if isinstance(metadata, dict) else {}
    yield Manifest(
        place,
        str(document.get("apiVersion", "")),
        str(document.get("kind", "")),
        str(about.get("namespace") or ""),
        str(about.get("name") or ""),
        _texts(about.get("labels")),
        _texts(about.get("annotations")),
        # What is in no JSON, such as dates, is a text for the API server as well.
        json.loads(json.dumps(document.get("spec"), default=str)),
    )


def _texts(found: object) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
