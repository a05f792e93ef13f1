"""Objects that are named on the command line by their namespace and their name."""

from collections.abc import Callable

import click

Name = tuple[str, str]
"""The namespace and the name."""

Callback = Callable[[click.Context, click.Parameter, str | None], Name | None]


def namespaced(what: str) -> Callback:
    """Reads ``NAMESPACE/NAME``.

    :param what: is named, for the error.
    """

    def read(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Name | None:
        if text is None:
            return None
        namespace, _, name = text.partition("/")
        if not (namespace and name) or "/" in name:
            raise click.BadParameter(f"give {what} as NAMESPACE/NAME")
        return namespace, name

    return read
