"""YAML as kubectl reads it (sigs.k8s.io/yaml on go-yaml 2), which is not quite how PyYAML does."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_MERGE: Final = "tag:yaml.org,2002:merge"
_BOOL: Final = "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
_INT: Final = r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)"
_FLOAT: Final = (
    r"[-+]?([.][0-9][0-9_]*|[0-9][0-9_]*([.][0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?[.](inf|Inf|INF)|[.](nan|NaN|NAN)"
)


class Loader(yaml.SafeLoader):
    """A key that is there twice is an error; ``y`` and ``n`` are booleans; dates, ``1:30`` and ``=`` are texts."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (as in PyYAML)
    bool_values = yaml.SafeLoader.bool_values | {"y": True, "n": False}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A map, if each of its keys is there once."""
        twice = repeated(node)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f'key "{twice.value}" is there twice', twice.start_mark)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (  # the first that fits counts
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def repeated(node: yaml.Node) -> yaml.ScalarNode | None:
    """The first key of a map that is there for the second time."""
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            if key.value in seen:
                return key
            seen.add(key.value)
    return None
