"""In which order targets are written."""

from collections.abc import Mapping

import pytest

from paramsync.api.sync import TargetKind
from paramsync.core.actions import Action, ActionKind
from paramsync.core.objects import Content
from paramsync.core.order import in_writing_order
from paramsync.core.routing import TargetRef

from .builders import config_map_content, secret_content

CHANGES = {"+": ActionKind.ADD, "-": ActionKind.REMOVE, ">": ActionKind.MOVE, "~": ActionKind.CHANGE}


def content(name: str) -> Content:
    """An empty Secret or ConfigMap; Secrets have names in capitals."""
    if name.isupper():
        return secret_content({}, entries={}, ref=TargetRef(TargetKind.SECRET, name))
    return config_map_content({}, entries={}, ref=TargetRef(TargetKind.CONFIG_MAP, name))


def written(changes: Mapping[str, str]) -> str:
    """The names of targets in the order in which they are written.

    :param changes: by name, such as ``+A -B``.
    """
    contents = [content(name) for name in changes]
    actions = [
        Action(CHANGES[each[0]], made.ref, each[1:], None, None, None, "")
        for made in contents
        for each in changes[made.ref.name].split()
    ]
    return " ".join(each.ref.name for each in in_writing_order(contents, actions))


@pytest.mark.parametrize(
    ("changes", "order"),
    [
        ({"a": "", "b": "+X", "C": "", "D": "~X"}, "C D a b"),
        ({"A": "-X", "b": "+X"}, "b A"),
        ({"A": ">X", "b": "+X"}, "b A"),
        ({"A": "-X", "b": "-Y", "c": "+Z"}, "c A b"),
        ({"A": "-X", "b": "+X -Y"}, "b A"),
        ({"A": "-X", "b": "~X -Y"}, "b A"),
        ({"A": "-X", "b": "+X -Y", "c": "+Y -Z"}, "c b A"),
        ({"A": "+X -Y", "b": "-X +Y"}, "A b"),
        ({"A": "+X -Y", "b": "-X +Y", "c": "-V +U", "D": "-U"}, "c D A b"),
        ({"A": "+X -X"}, "A"),
    ],
    ids=[
        "Secrets first",
        "a loss waits",
        "a move waits",
        "gains first",
        "for one that loses, too",
        "for one that changes",
        "in a row",
        "in a circle",
        "beside a circle",
        "not for itself",
    ],
)
def test_what_loses_a_key_waits_for_what_gains_it(changes: Mapping[str, str], order: str) -> None:
    assert written(changes) == order
