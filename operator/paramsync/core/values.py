"""The classes that values live in.

A plain value is a ``str``, or :class:`Decoded` bytes. A secure value is a :class:`SecureValue` from the moment
the response is parsed until :mod:`paramsync.kube.encoding` puts it into the body of a Secret: nothing else of the
operator calls ``reveal``. What is made of it is one, too (:meth:`SecureValue.made_of`).
"""

import hmac
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from .reasons import Reason


class Decoded(bytes):
    """Bytes of a plain value that was decoded, or of a ConfigMap. A class of its own, so that what a secure value holds
    cannot pass for it."""

    __slots__ = ()


class SecureValue:
    """Bytes that may reach a Secret and nothing else.

    There is no readable ``str``, ``repr``, format, JSON, pickle or hash of it; comparison takes the same time
    whatever the bytes are.
    """

    __slots__ = ("__content",)

    def __init__(self, content: bytes) -> None:
        self.__content: Final = content

    @classmethod
    def of(cls, text: str) -> Self:
        """The UTF-8 bytes of a text.

        :raises ValueError: if the text has a lone surrogate and so has no bytes; the error does not hold it.
        """
        try:
            return cls(text.encode())
        except UnicodeEncodeError:
            pass
        raise ValueError("the text is not valid Unicode")

    @classmethod
    def made_of(
        cls,
        parts: Mapping[str, "SecureValue | str | Decoded"],
        make: Callable[[Mapping[str, bytes]], Mapping[str, bytes]],
    ) -> dict[str, Self]:
        """What a pure function makes of values. All of it is secure, whatever it was made of.

        :param make: gets the bytes and gives bytes; what it raises must not show any of them.
        """
        shown = {name: cls.over(part).reveal() for name, part in parts.items()}
        return {name: cls(content) for name, content in make(shown).items()}

    @classmethod
    def over(cls, part: "SecureValue | str | Decoded") -> "SecureValue":
        """Any value in the class of secure ones, in which a Secret holds it.

        :raises ValueError: as :meth:`of`.
        """
        if isinstance(part, SecureValue):
            return part
        return cls.of(part) if isinstance(part, str) else cls(part)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.__content)

    def reveal(self) -> bytes:
        """The bytes. To be called only where the body of a Secret is written, and where a person asks for a value."""
        return self.__content

    def is_json_object(self) -> bool:
        """Whether the API server would take it for a JSON object. Nothing of the content goes further than here."""
        return _is_json_object(self.__content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecureValue) and hmac.compare_digest(self.__content, other.__content)

    __hash__ = None  # type: ignore[assignment]  # an unsalted hash of a short value gives it away

    def __repr__(self) -> str:
        return "SecureValue(hidden)"

    def __str__(self) -> NoReturn:
        raise TypeError("a secure value has no text form")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a secure value has no text form")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secure value cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secure value has no state to show")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _is_json_object(content: bytes) -> bool:
    """As Go reads it: ``null`` passes for an object, and a number must be one of 64 bits."""
    try:
        document = json.loads(
            content.decode(errors="replace"), parse_int=_number, parse_float=_number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        return False
    return document is None or isinstance(document, dict)


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("beyond 64 bits")
    return number


def _no_constant(_: str) -> NoReturn:
    raise ValueError("JSON has neither NaN nor Infinity")


@dataclass(frozen=True, slots=True)
class Sealed:
    """Stands for a value that was not asked for or cannot be had."""

    reason: Reason
    message: str
    """A sentence that names the parameter and says what to do."""


NOT_OPENED: Final = Sealed(Reason.PENDING, "The parameter has not been decrypted yet")
"""Stands for a SecureString that nobody wants, or that is about to be decrypted."""

Value = str | SecureValue | Sealed
KeyValue = str | Decoded | SecureValue
"""What a key holds: of a ConfigMap text, or bytes in its ``binaryData``."""

AnyValue = Value | Decoded
"""A value, or what was made of one."""
