"""JSON (RFC 8259), nested along the path. Every value is a string, and a StringList an array of strings."""

import json
from collections.abc import Mapping
from typing import Final

from .file import Content, Format
from .nesting import branches, nested, path


def _write(entries: Mapping[str, Content]) -> str:
    return json.dumps(nested(entries), ensure_ascii=False, indent=2) + "\n"


JSON: Final = Format(has_lists=True, entry_name=path, write=_write, clashes=branches)
