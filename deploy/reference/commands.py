"""The commands and their options, from click's own help."""

import inspect

import click

from paramsync.cli.main import main

PROGRAM = "paramsync"


def commands() -> str:
    """A section for each command."""
    context = click.Context(main, info_name=PROGRAM)
    return "\n".join(_section(main.commands[name], context) for name in sorted(main.commands))


def _section(command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, parent, info_name=command.name)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    options = [each for each in command.params if isinstance(each, click.Option)]  # without --help, which all have
    records = (each.get_help_record(context) for each in options)
    rows = [f"| {_code(names)} | {_cell(text)} |" for names, text in filter(None, records)]
    return "\n".join(
        (
            f"## {context.command_path}\n",
            f"```text\nUsage: {usage}\n```\n",
            f"{inspect.cleandoc(command.help or '')}\n",
            "| option | meaning |",
            "| --- | --- |",
            *rows,
            "",
        )
    )


def _code(names: str) -> str:
    return f"`{_cell(names)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
