"""From the parameters of a target to its content."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sync import SecretType
from paramsync.core.annotations import decode
from paramsync.core.objects import ConfigMapContent, SecretContent
from paramsync.core.provenance import Entry, Origin, milliseconds
from paramsync.core.reasons import Reason
from paramsync.core.rendering import Memory, OnceSecure, render, render_config_map, render_secret, revision_of
from paramsync.core.values import Sealed, SecureValue

from . import strategies
from .builders import CONFIG_MAP, NOW, SECRET, SECURE_STRING, STRING_LIST, SYNC, entry, origin

HIDDEN = SecureValue(b"hunter2")
MEMORY, NOTHING = Memory(SYNC, (origin(),)), Memory(SYNC, ())
PLAIN_ENTRIES = {"A": entry("a"), "B": entry("b", kind=STRING_LIST)}


def test_a_config_map_says_whose_it_is_which_keys_are_plain_and_where_they_came_from() -> None:
    made = render(
        CONFIG_MAP, {"A": (PLAIN_ENTRIES["A"], "1"), "B": (PLAIN_ENTRIES["B"], "x,y")}, Memory(SYNC, (origin(),)), 0
    )
    assert isinstance(made, ConfigMapContent)
    assert made.data == {"A": "1", "B": "x,y"}
    assert made.annotations.keys() == {"paramsync.dev/sync", "paramsync.dev/plain-keys", "paramsync.dev/provenance"}
    assert made.annotations["paramsync.dev/sync"] == SYNC
    assert made.annotations["paramsync.dev/plain-keys"] == "A=String B=StringList"
    known = decode(made.annotations["paramsync.dev/provenance"])
    assert known is not None
    assert known.entries == PLAIN_ENTRIES
    assert known.origins == (origin(),)


def test_a_secret_holds_all_values_in_the_secure_class() -> None:
    made = render(
        SECRET,
        {"A": (entry("a"), "plain"), "P": (entry("p", kind=SECURE_STRING), HIDDEN)},
        Memory(SYNC, (origin(),)),
        0,
    )
    assert isinstance(made, SecretContent)
    assert made.data == {"A": SecureValue(b"plain"), "P": HIDDEN}
    assert made.annotations.keys() == {"paramsync.dev/sync", "paramsync.dev/provenance"}


def test_no_annotation_holds_a_value() -> None:
    made = render(SECRET, {"P": (entry("p", kind=SECURE_STRING), HIDDEN)}, Memory(SYNC, (origin(),)), 0)
    assert "hunter2" not in repr(made)


class Text(str):
    """A str that may carry more than its text."""

    __slots__ = ()


ODD: list[Any] = [HIDDEN, Sealed(Reason.DECRYPTION_FAILED, "cannot be decrypted"), b"bytes", Text("text"), None, 1]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_config_map_refuses_what_is_not_plain(value: Any) -> None:
    with pytest.raises(TypeError, match="the key A of a ConfigMap"):
        render(CONFIG_MAP, {"A": (entry("a"), value)}, Memory(SYNC, (origin(),)), 0)
    with pytest.raises(TypeError, match="holds plain values only"):
        render_config_map(CONFIG_MAP, {"A": value}, {"A": entry("a")}, Memory(SYNC, (origin(),)))
    with pytest.raises(TypeError, match="holds plain values only"):
        ConfigMapContent(CONFIG_MAP, {"A": value}, {"A": entry("a")}, {}, "r")


def test_a_config_map_refuses_a_plain_value_of_a_secure_parameter() -> None:
    with pytest.raises(TypeError, match="plain source"):
        render_config_map(
            CONFIG_MAP, {"A": "hunter2"}, {"A": entry("a", kind=SECURE_STRING)}, Memory(SYNC, (origin(),))
        )


@pytest.mark.parametrize("entries", [{}, {"B": entry("b")}, PLAIN_ENTRIES], ids=["none", "another", "more"])
def test_a_config_map_refuses_a_key_whose_source_is_not_stated(entries: dict[str, Entry]) -> None:
    with pytest.raises(TypeError, match="plain source"):
        render_config_map(CONFIG_MAP, {"A": "1"}, entries, Memory(SYNC, (origin(),)))


@pytest.mark.parametrize("value", ["plain", b"bytes"], ids=repr)
def test_a_secret_refuses_values_outside_the_secure_class(value: Any) -> None:
    with pytest.raises(TypeError, match="secure class"):
        render_secret(SECRET, {"A": value}, {"A": entry("a")}, Memory(SYNC, (origin(),)))


def test_provenance_is_trimmed_to_the_room_that_others_leave() -> None:
    rendered = {"A": (entry("a"), "1")}
    whole = render(SECRET, rendered, Memory(SYNC, (origin(),)), 0)
    used = sum(len(key) + len(text) for key, text in whole.annotations.items())
    assert render(SECRET, rendered, Memory(SYNC, (origin(),)), 256 * 1024 - used) == whole
    trimmed = render(SECRET, rendered, Memory(SYNC, (origin(),)), 256 * 1024 - used + 1)
    assert json.loads(trimmed.annotations["paramsync.dev/provenance"])["trimmed"] == ["dates"]
    assert trimmed.revision == whole.revision


def test_plain_keys_are_never_trimmed() -> None:
    made = render(CONFIG_MAP, {"A": (entry("a"), "1")}, Memory(SYNC, (origin(),)), 256 * 1024)
    assert made.annotations["paramsync.dev/plain-keys"] == "A=String"


@pytest.mark.parametrize(
    "change",
    [
        lambda known: replace(known, type=STRING_LIST),
        lambda known: replace(known, relative="other"),
        lambda known: replace(known, source=1),
        lambda known: replace(known, version=2),
        lambda known: replace(known, modified=milliseconds(NOW + timedelta(milliseconds=1))),
    ],
    ids=["type", "name", "source", "version", "date"],
)
def test_the_revision_depends_on_every_part_of_a_stamp(change: Callable[[Entry], Entry]) -> None:
    known = entry("a")
    assert revision_of({"A": change(known)}, MEMORY) != revision_of({"A": known}, MEMORY)


@pytest.mark.parametrize(
    "origins",
    [(), (origin("/x"),), (origin(account="444455556666"),), (origin(region="eu-west-2"),), (origin(), origin("/x"))],
    ids=["none", "path", "account", "Region", "one more"],
)
def test_the_revision_depends_on_the_origins(origins: tuple[Origin, ...]) -> None:
    assert revision_of({"A": entry("a")}, Memory(SYNC, origins)) != revision_of({"A": entry("a")}, MEMORY)


def test_the_revision_depends_on_the_type_of_a_secret() -> None:
    made = {revision_of({"A": entry("a")}, NOTHING, secret_type) for secret_type in SecretType}
    assert len(made) == len(SecretType)
    assert revision_of({"A": entry("a")}, NOTHING) in made


@pytest.mark.parametrize(
    "once",
    [OnceSecure(frozenset({"went"})), OnceSecure(digests=frozenset({"TEuv5h"})), OnceSecure(is_unsure=True)],
    ids=["names", "digests", "doubt"],
)
def test_the_revision_depends_on_what_is_remembered(once: OnceSecure) -> None:
    assert revision_of({"A": entry("a")}, replace(NOTHING, once_secure=once)) != revision_of({"A": entry("a")}, NOTHING)


def test_the_revision_depends_on_the_keys() -> None:
    assert revision_of({"A": entry("a")}, NOTHING) != revision_of({"B": entry("a")}, NOTHING)


@given(st.dictionaries(st.text("ABC", min_size=1), strategies.entries), st.randoms(use_true_random=False))
def test_the_revision_does_not_depend_on_the_order(entries: dict[str, Entry], chance: random.Random) -> None:
    keys = list(entries)
    chance.shuffle(keys)
    assert revision_of({key: entries[key] for key in keys}, NOTHING) == revision_of(entries, NOTHING)


@given(strategies.values, strategies.values)
def test_the_revision_does_not_depend_on_values(first: str, second: str) -> None:
    made = [
        render(ref, {"A": (entry("a"), each)}, Memory(SYNC, ()), 0)
        for ref in (SECRET, CONFIG_MAP)
        for each in (first, second)
    ]
    assert len({each.revision for each in made}) == 1
    assert made[0].annotations == made[1].annotations
    assert made[2].annotations == made[3].annotations
