"""Short digests of names, for memories in which the names themselves have no room. Never of values."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

LENGTH: Final = 6
"""Characters of a digest, 36 bits: of 10,000 names, one in millions is taken for one of them by chance."""


def digest_of(name: str) -> str:
    """The digest of a name."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()[:LENGTH]


def joined(digests: Iterable[str]) -> str:
    """Digests as one text."""
    return "".join(sorted(digests))


def parted(text: str) -> frozenset[str]:
    """The digests of a text.

    :raises ValueError: if it is none of :func:`joined`.
    """
    if len(text) % LENGTH:
        raise ValueError("there is half a digest")
    return frozenset(text[start : start + LENGTH] for start in range(0, len(text), LENGTH))
