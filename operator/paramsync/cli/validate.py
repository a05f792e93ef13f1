"""``paramsync validate``: whether manifests are good, before anybody applies them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from .manifests import files_in, text_of
from .output import Form, form_option, printable, show


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
    found = [finding for path in paths for finding in _findings(path)]
    wrong = [each for each in found if each.message]
    objects = len({(each.file, each.document, each.subject) for each in found if each.subject})
    all_are_good = f"{_count(objects, 'object')} of paramsync.dev: no faults"
    show(
        form,
        lambda: "\n".join(map(str, wrong)) or all_are_good,
        lambda: {"objects": objects, "faults": [asdict(each) for each in wrong]},
    )
    if wrong:
        raise click.ClickException(f"{_count(len(wrong), 'fault')} in {_count(objects, 'object')} of paramsync.dev")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _findings(path: Path) -> list[Finding]:
    found: list[Finding] = []
    for file in files_in(path):
        try:
            found += _of_text(str(file), text_of(file))
        except click.ClickException as error:
            found.append(Finding(str(file), 1, 0, "", "", f"it cannot be read: {error.message}"))
    return found


def _of_text(file: str, text: str) -> list[Finding]:
    from paramsync.core.manifests import checked

    from .documents import NotYaml, documents

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
    except NotYaml as error:
        found.append(Finding(file, error.line, 0, "", "", f"it is not YAML: {error}"))
    return found
