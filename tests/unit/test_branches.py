"""Names as a tree."""

from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.branches import branches

NAMES = st.lists(st.lists(st.sampled_from(["a", "b-c", "d.e"]), min_size=1, max_size=4).map("/".join), max_size=12)


def test_it_is_drawn_from_the_top() -> None:
    names = ["db/host", "db/password", "db-x", "log", "db/host/port", "z/a/b"]
    assert list(branches(names)) == [
        ("├── db", None),
        ("│   ├── host", "db/host"),
        ("│   │   └── port", "db/host/port"),
        ("│   └── password", "db/password"),
        ("├── db-x", "db-x"),
        ("├── log", "log"),
        ("└── z", None),
        ("    └── a", None),
        ("        └── b", "z/a/b"),
    ]


@given(NAMES)
def test_every_name_is_there_once_and_nothing_else(names: list[str]) -> None:
    drawn = list(branches(names))
    found = [name for _, name in drawn if name is not None]
    assert sorted(found) == sorted(set(names))
    assert found == sorted(found, key=lambda name: name.split("/"))
    assert all(text.split(" ")[-1] == name.split("/")[-1] for text, name in drawn if name is not None)
    ways = {"/".join(name.split("/")[:end]) for name in names for end in range(1, name.count("/") + 1)}
    assert len(drawn) == len(set(names) | ways)
