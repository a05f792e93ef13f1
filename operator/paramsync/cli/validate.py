"""``paramsync validate``: whether manifests are good, before anybody applies them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .manifests import files_in, text_of
from .output import Form, form_option, printable, show

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Finding:
    """An object of ours in a file, or a fault in one."""

    file: str
    line: int
    document: int
    """Beginning at 1; 0 if the file cannot be read."""

    subject: str
    field: str = ""
    message: str = ""
    """Empty of an object without faults."""

    def __str__(self) -> str:
        parts = (
            f"{self.file}:{self.line}",
            f"document {self.document}" if self.document else "",
            self.subject,
            self.field,
        )
        return printable(": ".join((*filter(None, parts), self.message)))


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a file."""

    findings: tuple[Finding, ...]
    is_left_aside: bool = False
    """Whether it cannot have objects of ours, so that nobody has looked whether it is YAML at all."""


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option(
    "-f",
    "--filename",
    "named",
    multiple=True,
    type=click.Path(exists=True, allow_dash=True, path_type=Path),
    help="A file; or a directory, with all YAML and JSON files below it; or - for what is piped in.",
)
@form_option
def validate(files: tuple[Path, ...], named: tuple[Path, ...], form: Form) -> None:
    """Check manifests of ParameterSyncs and stores without a cluster, by the rules of the API server and the operator.

    Objects of other kinds are left alone. Exit code 1 if anything is wrong.
    """
    paths = (*named, *files)
    if not paths:
        raise click.UsageError("name files or directories: paramsync validate -f deploy/")
    looked = [file for path in paths for file in _files(path)]
    found = [finding for file in looked for finding in file.findings]
    wrong = [each for each in found if each.message]
    objects = len({(each.file, each.document, each.subject) for each in found if each.subject})
    aside = sum(file.is_left_aside for file in looked)
    left = f"; {_count(aside, 'file')} without paramsync.dev left aside" if aside else ""
    all_are_good = f"{_count(objects, 'object')} of paramsync.dev: no faults{left}"
    show(
        form,
        lambda: "\n".join(map(str, wrong)) or all_are_good,
        lambda: {"objects": objects, "faults": [asdict(each) for each in wrong], "leftAside": aside},
    )
    if wrong:
        raise click.ClickException(
            f"{_count(len(wrong), 'fault')} in {_count(objects, 'object')} of paramsync.dev{left}"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _files(path: Path) -> Iterator[Looked]:
    """The files that a path stands for; what cannot be read among them has a finding of its own."""
    try:
        for file in files_in(path):
            yield _looked(file)
    except click.ClickException as error:
        yield Looked((_unreadable(path, error.message),))


def _looked(file: Path) -> Looked:
    from .documents import may_have_ours

    try:
        text = text_of(file)
    except click.ClickException as error:
        return Looked((_unreadable(file, error.message),))
    return Looked(tuple(_of_text(str(file), text)), is_left_aside=not may_have_ours(text))


def _unreadable(file: Path, why: str) -> Finding:
    return Finding(str(file), 1, 0, "", "", f"it cannot be read: {why}")


def _of_text(file: str, text: str) -> list[Finding]:
    from paramsync.core.manifests import checked

    from .documents import Unreadable, documents

    found: list[Finding] = []
    try:
        for document in documents(text):
            for each in checked(document.content):
                subject = str(each)
                found.append(Finding(file, document.line(()), document.number, subject))
                found += [
                    Finding(file, document.line(fault.location), document.number, subject, fault.field, fault.message)
                    for fault in each.faults
                ]
    except Unreadable as error:
        found.append(Finding(file, error.line, 0, "", "", str(error)))
    return found
