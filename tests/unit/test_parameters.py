"""Parameters, the subtrees that list them, and snapshots of those."""

import pytest

from paramsync.api.sync import ParameterType
from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Reason
from paramsync.core.values import Sealed, SecureValue, Value

from . import builders
from .builders import SECURE_STRING, STRING, STRING_LIST, snapshot, subtree


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (STRING, "a"),
        (STRING_LIST, "a,b"),
        (SECURE_STRING, SecureValue(b"a")),
        *((kind, Sealed(Reason.DECRYPTION_FAILED, "cannot be decrypted")) for kind in ParameterType),
    ],
    ids=repr,
)
def test_the_type_decides_the_class_of_the_value(kind: ParameterType, value: Value) -> None:
    assert Parameter(builders.stamp(kind=kind), value).value is value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SECURE_STRING, "hunter2"),
        (SECURE_STRING, b"hunter2"),
        (SECURE_STRING, None),
        (STRING, SecureValue(b"hunter2")),
        (STRING_LIST, SecureValue(b"hunter2")),
        (STRING, b"hunter2"),
    ],
    ids=repr,
)
def test_a_value_of_the_wrong_class_is_refused_by_its_name_alone(kind: ParameterType, value: Value) -> None:
    with pytest.raises(TypeError, match=r"^the value of /prod/pay/host is not of the class") as caught:
        Parameter(builders.stamp("/prod/pay/host", kind=kind), value)
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize(
    ("path", "recursive", "name", "covered"),
    [
        ("/a", True, "/a/b", True),
        ("/a", True, "/a/b/c", True),
        ("/a", False, "/a/b", True),
        ("/a", False, "/a/b/c", False),
        ("/a", True, "/a", False),
        ("/a", True, "/ab", False),
        ("/a", True, "/ab/c", False),
        ("/a", True, "/A/b", False),
        ("/a", True, "/b/a/c", False),
        ("/a", True, "a/b", False),
        ("/a/b", True, "/a/bc/d", False),
        ("/a/b", True, "/a/c", False),
        ("/", True, "/a", True),
        ("/", True, "/a/b/c", True),
        ("/", False, "/a", True),
        ("/", False, "/a/b", False),
        ("/", True, "a", True),
        ("/", False, "a", True),
    ],
)
def test_a_subtree_covers_whole_segments(path: str, recursive: bool, name: str, covered: bool) -> None:
    assert subtree(path, recursive=recursive).covers(name) is covered


@pytest.mark.parametrize(
    ("path", "name", "relative"),
    [
        ("/prod/pay", "/prod/pay/db/host", "db/host"),
        ("/prod/pay", "/prod/pay/prod/pay/x", "prod/pay/x"),
        ("/a", "/a/a", "a"),
        ("/", "/a/b", "a/b"),
        ("/", "a", "a"),
    ],
)
def test_a_relative_name_is_what_follows_the_path(path: str, name: str, relative: str) -> None:
    assert subtree(path).relative_name(name) == relative


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("absence", [True, False])
def test_what_is_listed_and_what_is_missing_settle_apart(listed: bool, absence: bool) -> None:
    made = snapshot(builders.parameter("/prod/pay/here"), settled=listed, absence_settled=absence)
    assert (made.is_settled("/prod/pay/here"), made.is_settled("/prod/pay/gone")) == (listed, absence)
