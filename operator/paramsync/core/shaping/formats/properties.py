r"""Java's ``.properties``: ``db/host`` is ``db.host``.

Only ASCII is written, with ``\uXXXX`` for all else: some readers expect ISO 8859-1, and others UTF-8. The rules are
those of ``java.util.Properties.load``.
"""

import re
from typing import Final

from .file import Format, one_by_one

_SHORT: Final = {"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}
_NOT_PRINTABLE_ASCII: Final = re.compile(r"[^ -~]+")


def entry_name(relative: str) -> str:
    """The segments of the path joined by dots, as Spring names properties."""
    return relative.replace("/", ".")


def _escaped(text: str, special: str) -> str:
    for character in "\\" + special:
        text = text.replace(character, f"\\{character}")
    for character, short in _SHORT.items():
        text = text.replace(character, short)
    return _NOT_PRINTABLE_ASCII.sub(_units, text)


def _units(match: re.Match[str]) -> str:
    digits = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{digits[start : start + 4]}" for start in range(0, len(digits), 4))


def _line(name: str, value: str) -> str:
    leading = "\\" if value.startswith(" ") else ""
    return f"{_escaped(name, ' :=#!')}={leading}{_escaped(value, '')}\n"


PROPERTIES: Final = Format(has_lists=False, entry_name=entry_name, write=one_by_one(_line))
