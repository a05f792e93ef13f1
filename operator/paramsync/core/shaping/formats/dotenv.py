r"""Files of environment variables: ``db/host`` is ``DB_HOST``.

There is no standard. A value is written only in a form that python-dotenv, Node (its ``--env-file`` and the package
dotenv), Ruby's dotenv, Docker Compose and ``sh`` read alike:

- as it is, if no reader sees anything special in it; then ``docker --env-file`` reads it too, which knows no quotes;
- in single quotes, where all is literal. But some unescape ``\\`` there, ``\'`` ends the quotes or does not, a carriage
  return becomes a line feed, and python-dotenv replaces ``${…}``, which nothing can escape;
- in double quotes, if it has single ones and nothing that anybody expands or unescapes.
"""

import re
from typing import Final

from paramsync.core.shaping.naming import env_var

from .file import Format, one_by_one

_BARE: Final = re.compile(r"[-A-Za-z0-9_./:@%+,=]*")
_NOT_IN_SINGLE_QUOTES: Final = re.compile(r"['\0\r]|\\(?:\\|\Z)|\$\{")
_NOT_IN_DOUBLE_QUOTES: Final = re.compile(r'["\\$`\0\r]')

_LIMITS: Final = (
    "cannot be written so that all readers agree: it has a NUL, a carriage return or ${, or two backslashes in a row,"
    ' or one at its end, or an apostrophe together with one of " \\ $ `'
)


def _carries(value: str) -> bool:
    return not (_NOT_IN_SINGLE_QUOTES.search(value) and _NOT_IN_DOUBLE_QUOTES.search(value))


def _line(name: str, value: str) -> str:
    if _BARE.fullmatch(value):
        return f"{name}={value}\n"
    quote = '"' if _NOT_IN_SINGLE_QUOTES.search(value) else "'"
    return f"{name}={quote}{value}{quote}\n"


def _variable(relative: str) -> str:
    try:
        return env_var(relative)
    except ValueError:
        raise ValueError(
            "it gives no name of an environment variable, which begins with a letter or '_'; rename the parameter, or"
            " take it out of the file"
        ) from None


DOTENV: Final = Format(has_lists=False, entry_name=_variable, write=one_by_one(_line), carries=_carries, limits=_LIMITS)
