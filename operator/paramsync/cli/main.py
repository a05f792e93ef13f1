"""The ``paramsync`` command."""

import atexit
import errno
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from paramsync import __version__

from .approve import approve
from .asking import refresh, resume, suspend
from .doctor import doctor
from .explain import explain
from .get import get
from .iam_policy import iam_policy
from .plan import plan
from .run import run
from .tree import tree
from .validate import validate

OBJECTS: Final = 50_000
"""Python looks for garbage after so many new objects. What a command loads is more than with Python's own 700, and
none of it is garbage."""


class Program(click.Group):
    """Ends with 1 for every error, also one in how a command is written: 2 is what ``plan`` says of changes.

    A defect ends in one line, without its text, which may quote what it failed on.
    """

    was_interrupted = False
    """Whether somebody has pressed Ctrl-C."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the program's own options."""
        with _errors_end_with_1(), _defects_are_told():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Read the options of a command, and run it."""
        try:
            with _errors_end_with_1(), _defects_are_told():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            self.was_interrupted = True
            raise


@contextmanager
def _errors_end_with_1() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        vars(error)["exit_code"] = 1  # click declares it for the class, and reads it of the instance
        raise


@contextmanager
def _defects_are_told() -> Iterator[None]:
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read the output has gone: click ends silently
            raise
        raise click.ClickException(error.strerror or type(error).__name__) from None
    except Exception as defect:  # noqa: BLE001
        from paramsync.runtime.logs import crash

        raise click.ClickException(f"a defect of paramsync; please report it: {crash(defect)}") from None


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="paramsync")
def main() -> None:
    """Keep Secrets and ConfigMaps equal to subtrees of AWS SSM Parameter Store."""


def program(name: str = "paramsync") -> None:
    """The program of that name."""
    gc.set_threshold(OBJECTS)
    # At its end Python walks through all that is loaded, which takes 0.1 s and frees nothing.
    atexit.register(gc.freeze)
    # Nobody else is to see what is validated; and to look for plugins takes as long as to make a model.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    try:
        main(prog_name=name)
    finally:
        if main.was_interrupted:
            sys.stdout.flush()
            os._exit(1)  # a request that is under way would keep the process until it is answered


@main.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file per definition into this directory instead of printing them.",
)
def crds(output: Path | None) -> None:
    """Print the CustomResourceDefinitions, ready for kubectl apply."""
    import yaml

    from paramsync.api.definitions import definitions

    texts = {
        name: yaml.safe_dump(definition, sort_keys=False, width=110, allow_unicode=True)
        for name, definition in definitions().items()
    }
    if output is None:
        click.echo("---\n".join(texts.values()), nl=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            file = output / f"{name}.yaml"
            file.write_text(f"# Generated from the models by: paramsync crds\n{text}", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None


for command in (run, plan, tree, get, iam_policy, explain, approve, refresh, suspend, resume, validate, doctor):
    main.add_command(command)
