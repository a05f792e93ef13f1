"""``python -m paramsync`` is the ``paramsync`` command."""

from paramsync.cli.main import program

program()
