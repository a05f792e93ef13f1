"""Whether a live target is what it should be, and what has to go first."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from paramsync.api.sync import SecretType
from paramsync.core.drift import Seen, Surplus, is_intact, is_untouched, surplus
from paramsync.core.objects import Content, Live
from paramsync.core.values import Decoded, SecureValue

from .builders import (
    CONFIG_MAP,
    OTHER_UID,
    STRING,
    config_map_content,
    controller,
    live,
    ours,
    owner,
    secret_content,
    written,
)

CONTENTS = [secret_content(), config_map_content()]
IDS = ["Secret", "ConfigMap"]


def seen(content: Content, found: Live) -> Seen:
    return Seen(found.uid, found.resource_version, content.revision)


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_what_was_just_written_is_intact(content: Content) -> None:
    assert is_intact(content, written(content), None, owner())


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_what_nobody_touched_is_intact_without_its_values(content: Content) -> None:
    found = written(content, values=False)
    assert is_intact(content, found, seen(content, found), owner())


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_without_values_what_is_not_remembered_is_not_intact(content: Content) -> None:
    found = written(content, values=False)
    known = seen(content, found)
    for memory in (
        None,
        replace(known, uid="other"),
        replace(known, resource_version="8"),
        replace(known, revision="other"),
    ):
        assert not is_intact(content, found, memory, owner())


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_every_difference_is_drift(content: Content) -> None:
    found = written(content)
    (key,) = content.data
    other = SecureValue(b"evil") if isinstance(content.data[key], SecureValue) else "evil"
    drifted = {
        "absent": None,
        "another value": replace(found, data={key: other}),
        "a binary value": replace(found, data={key: Decoded(b"evil")}),
        "a key less": replace(found, data={}),
        "a key more": replace(found, data={**content.data, "MORE": other}),
        "no label": replace(found, labels={}),
        "another label": replace(found, labels={"app.kubernetes.io/managed-by": "Helm"}),
        "no controller": replace(found, controller=None),
        "another controller": replace(found, controller=controller(uid=OTHER_UID)),
        **{
            f"without {annotation}": replace(
                found, annotations={name: text for name, text in found.annotations.items() if name != annotation}
            )
            for annotation in content.annotations
        },
    }
    intact = [name for name, each in drifted.items() if is_intact(content, each, seen(content, found), owner())]
    assert intact == []


def test_a_secret_of_another_type_is_drift() -> None:
    typed = secret_content(secret_type=SecretType.TLS)
    assert is_intact(typed, written(typed), None, owner())
    for content, other in ((secret_content(), "kubernetes.io/tls"), (typed, "Opaque")):
        assert not is_intact(content, replace(written(content), type=other), None, owner())


def test_a_secret_whose_type_is_to_change_is_not_intact_though_nobody_touched_it() -> None:
    found = written(secret_content(), values=False)
    memory = seen(secret_content(), found)
    assert not is_intact(secret_content(secret_type=SecretType.TLS), found, memory, owner())


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_labels_and_annotations_of_others_are_no_drift(content: Content) -> None:
    found = written(content)
    more = replace(found, labels={**found.labels, "team": "a"}, annotations={**found.annotations, "note": "b"})
    assert is_intact(content, more, None, owner())


@pytest.mark.parametrize(
    ("memory", "untouched"),
    [
        (Seen("target-uid", "7", "any"), True),
        (Seen("target-uid", "8", "any"), False),
        (Seen("other", "7", "any"), False),
        (None, False),
    ],
    ids=["same", "written since", "made anew", "not remembered"],
)
def test_an_object_is_untouched_while_uid_and_resource_version_stand(memory: Seen | None, untouched: bool) -> None:
    assert is_untouched(live(), memory) is untouched


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [([], []), (["MORE"], ["MORE"]), (["PASSWORD"], []), (["MORE", "PASSWORD"], ["MORE"])],
    ids=["ours", "foreign", "shared and wanted", "both"],
)
def test_foreign_keys_of_a_secret_must_go_first(foreign: Iterable[str], expected: Iterable[str]) -> None:
    content = secret_content()
    found = replace(written(content), data={**content.data, "MORE": SecureValue(b"x")}, foreign_keys=frozenset(foreign))
    assert surplus(content, found) == Surplus(frozenset(expected), None)


def test_keys_of_a_config_map_go_first_unless_plain_keys_states_them() -> None:
    content = config_map_content({"HOST": "x", "NEW": "y"})
    found = replace(
        ours(CONFIG_MAP, {"HOST": "x", "OLD": "a", "THEIRS": "b", "STATED": "c", "BINARY": Decoded(b"d")}),
        annotations={"paramsync.dev/plain-keys": "HOST=String OLD=String STATED=StringList"},
        foreign_keys=frozenset({"THEIRS", "STATED", "BINARY"}),
    )
    assert surplus(content, found) == Surplus(
        frozenset({"THEIRS", "STATED", "BINARY"}), {"HOST": STRING, "OLD": STRING}
    )


@pytest.mark.parametrize("content", CONTENTS, ids=IDS)
def test_without_surplus_nothing_has_to_go(content: Content) -> None:
    assert surplus(content, written(content)).keys == frozenset()
    assert surplus(content, written(content, values=False)).keys == frozenset()
