"""What all formats have in common: which entries a file has, and why it cannot be written.

Values may be secure ones: they reach what is rendered and nothing else, no error and no ``repr``.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Content = str | tuple[str, ...]
"""A value, or the elements of a list."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Item:
    """A parameter in a file."""

    relative: str
    value: Content = field(repr=False)
    """A tuple is a StringList, and only for a format that has lists."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why parameters cannot be in a file."""

    relatives: tuple[str, ...]
    message: str
    """Names the parameters, and says what to do; never what a value is."""


class UnfitFile(Exception):  # noqa: N818
    """A file cannot be written so that its readers get what the parameters hold."""

    def __init__(self, faults: Iterable[Unfit]) -> None:
        self.faults: Final = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def no_clashes(_: Collection[str]) -> Iterator[Unfit]:
    """For a flat format: different entries never stand in each other's way."""
    return iter(())


def carries_all(_: str) -> bool:
    """For a format that can hold any text."""
    return True


@dataclass(frozen=True, slots=True)
class Format:
    """How parameters become a file."""

    has_lists: bool

    entry_name: Callable[[str], str]
    """The name in the file of a relative name; nested formats split it at its slashes.

    :raises ValueError: with what is wrong and a proposal, if there is none.
    """

    write: Callable[[Mapping[str, Content]], str]
    """The text of a file from its entries, which have been checked, in their order."""

    clashes: Callable[[Collection[str]], Iterator[Unfit]] = no_clashes
    """Which relative names cannot be together in a file although their entries have different names."""

    carries: Callable[[str], bool] = carries_all
    """Whether readers would get this value back."""

    limits: str = ""
    """What a value that is not carried has. All of it, whichever holds: what of it does is part of the value."""

    def render(self, items: Iterable[Item]) -> str:
        """The text of a file, the same for the same items in any order.

        :raises UnfitFile: with every reason, if readers would not get what the items hold.
        """
        ordered = sorted(items, key=lambda item: item.relative)
        entries: dict[str, Item] = {}
        faults: list[Unfit] = []
        for item in ordered:
            faults.extend(self._value_faults(item))
            name = self._name(item.relative)
            if isinstance(name, Unfit):
                faults.append(name)
            elif name in entries:
                faults.append(_same_entry(name, entries[name].relative, item.relative))
            else:
                entries[name] = item
        faults.extend(self.clashes([item.relative for item in entries.values()]))
        if faults:
            raise UnfitFile(faults)
        return self.write({name: item.value for name, item in entries.items()})

    def _name(self, relative: str) -> str | Unfit:
        if _SURROGATE.search(relative):
            return Unfit((relative,), f"{shown(relative)} is not valid Unicode; rename it")
        try:
            return self.entry_name(relative)
        except ValueError as error:
            return Unfit((relative,), f"{relative} cannot have an entry: {error}")

    def _value_faults(self, item: Item) -> Iterator[Unfit]:
        texts: Sequence[str] = (item.value,) if isinstance(item.value, str) else item.value
        if any(map(_SURROGATE.search, texts)):
            yield _unfit_value(item.relative, "is not valid Unicode")
        elif not all(map(self.carries, texts)):
            yield _unfit_value(item.relative, self.limits)


def one_by_one(line: Callable[[str, str], str]) -> Callable[[Mapping[str, Content]], str]:
    """Writes a flat file: what ``line`` makes of the name and the value of each entry."""

    def lines(entries: Mapping[str, Content]) -> Iterator[str]:
        for name, value in entries.items():
            if not isinstance(value, str):
                raise TypeError(f"{name} is a list, and the format has none")
            yield line(name, value)

    return lambda entries: "".join(lines(entries))


def shown(relative: str) -> str:
    """A name as a message can show it, also if it is not valid Unicode."""
    return relative.encode(errors="backslashreplace").decode()


def _unfit_value(relative: str, what: str) -> Unfit:
    message = f"the value of {shown(relative)} {what}; change it, or take the parameter out of the file"
    return Unfit((relative,), message)


def _same_entry(name: str, first: str, second: str) -> Unfit:
    message = f"{first} and {second} both give the entry {name}; rename one of them, or take it out of the file"
    return Unfit((first, second), message)
