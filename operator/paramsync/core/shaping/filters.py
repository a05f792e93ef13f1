"""The filters of composed values. A new one is a function and a line here."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

Filter = Callable[[bytes], bytes]
"""From the bytes of a value to those of another one.

:raises UnicodeDecodeError: if it takes text, and it is none.
"""


def urlquote(value: bytes) -> bytes:
    """Everything quoted but letters, digits and ``-._~`` (RFC 3986, section 2.3): fit for any part of a URL."""
    return quote(value, safe="").encode()


def as_json(value: bytes) -> bytes:
    """A JSON string, with its quotes (RFC 8259)."""
    return json.dumps(value.decode(), ensure_ascii=False).encode()


FILTERS: Final[Mapping[str, Filter]] = {"urlquote": urlquote, "base64": base64.b64encode, "json": as_json}
