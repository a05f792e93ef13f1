"""Aliases of YAML: a text of some hundred bytes can stand for more than fits into memory."""

from typing import Final

import yaml

MOST_REPEATED: Final = 100_000
"""Values that aliases may repeat in one document. An object of a cluster has at most 1.5 MiB, and a settings file needs
none of them."""


class TooManyAliases(yaml.MarkedYAMLError):
    """A document would be too large with its aliases written out."""


def bounded(node: yaml.Node) -> yaml.Node:
    """The document, if its aliases repeat no more than is allowed. One that is part of itself is let pass.

    :raises TooManyAliases: if they repeat more.
    """
    sizes: dict[int, int] = {}
    if _size(node, sizes) - len(sizes) > MOST_REPEATED:
        raise TooManyAliases(
            None, None, f"its aliases repeat more than {MOST_REPEATED:,} values: write fewer of them", node.start_mark
        )
    return node


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes there would be without aliases. Each is looked into once."""
    if id(node) not in sizes:
        sizes[id(node)] = 1  # what is part of itself ends here
        sizes[id(node)] += sum(_size(part, sizes) for part in parts(node))
    return sizes[id(node)]


def parts(node: yaml.Node) -> list[yaml.Node]:
    """What stands in a node, keys before their values; nothing in a scalar."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
