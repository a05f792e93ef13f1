"""What AWS takes as a parameter."""

from __future__ import annotations

import re
from typing import Literal

ParameterType = Literal["String", "StringList", "SecureString"]
NAME = re.compile(r"[a-zA-Z0-9._-]+|(/[a-zA-Z0-9._-]+){1,15}")
STANDARD, ADVANCED = 4096, 8192


def check(name: str, value: str) -> int:
    """Return the value's size in bytes.

    Raises:
        ValueError: AWS would not take this name or value.
    """
    if not NAME.fullmatch(name) or len(name) > 1011:
        raise ValueError(f"no name for a parameter: {name!r}")
    size = len(value.encode())
    if not 1 <= size <= ADVANCED:
        raise ValueError(f"a value has 1 to {ADVANCED} bytes, not {size}")
    return size
