"""What somebody changed on a target since it was written."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from paramsync.core.drift import Seen
from paramsync.core.objects import Content, Live, Owner
from paramsync.core.repairs import Drift, Repair, repair_of
from paramsync.core.values import Decoded, SecureValue

from .builders import CONFIG_MAP, SECRET, SECURE_STRING, config_map_content, entry, owner, secret_content, written

KEYS = ("HOST", "PORT", "USER")
MARKS = "labels, annotations or owner put back"
LABEL = "app.kubernetes.io/managed-by"
PROVENANCE = "paramsync.dev/provenance"


def content(kind: type[str | SecureValue], *, version: int = 1) -> Content:
    """A target of three keys, all of one version."""
    if kind is str:
        return config_map_content(
            dict.fromkeys(KEYS, f"value {version}"), entries={key: entry(key, version=version) for key in KEYS}
        )
    return secret_content(
        dict.fromkeys(KEYS, SecureValue.of(f"value {version}")),
        entries={key: entry(key, kind=SECURE_STRING, version=version) for key in KEYS},
    )


@pytest.fixture(params=[SecureValue, str], ids=["Secret", "ConfigMap"])
def made(request: pytest.FixtureRequest) -> Content:
    return content(request.param)


@pytest.fixture(params=["seen", "after a restart"])
def memory(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def repair(
    made: Content, found: Live | None, memory: str = "seen", *, was: Content | None = None, by: Owner | None = None
) -> Repair | None:
    """What is put back on a target that held its content, or another one, when it was last looked at."""
    revision = (was or made).revision
    seen = Seen("target-uid", "6", revision) if memory == "seen" else None
    return repair_of(made, found, seen, revision, by or owner())


def edited(made: Content, found: Live, **data: str | Decoded | None) -> Live:
    """The target with other values; without those keys that are None."""
    secret = made.ref == SECRET
    values = {
        key: SecureValue.of(value) if secret and isinstance(value, str) else value
        for key, value in {**(found.data or {}), **data}.items()
        if value is not None
    }
    return replace(found, data=values)


def held_by(found: Live, **editors: str) -> Live:
    """The target with other field managers: by name of a key, label or annotation."""
    return replace(found, editors={name: frozenset(managers.split()) for name, managers in editors.items()})


def test_what_nobody_changed_needs_no_repair(made: Content, memory: str) -> None:
    assert repair(made, written(made), memory) is None


@pytest.mark.parametrize(
    ("change", "put_back", "removed"),
    [
        ({"HOST": "evil"}, 1, 0),
        ({"HOST": None}, 1, 0),
        ({"HOST": Decoded(b"evil")}, 1, 0),
        (dict.fromkeys(KEYS), 3, 0),
        ({"MORE": "x"}, 0, 1),
        ({"HOST": "evil", "PORT": None, "MORE": "x", "STRAY": "y"}, 2, 2),
    ],
    ids=["changed", "removed", "binary", "emptied", "added", "all of it"],
)
def test_keys_are_counted(
    made: Content, memory: str, change: Mapping[str, str | None], put_back: int, removed: int
) -> None:
    assert repair(made, edited(made, written(made), **change), memory) == Repair(
        made.ref, Drift.KEYS, put_back, removed
    )


def test_a_deleted_target_is_drift_if_it_was_written_before(made: Content, memory: str) -> None:
    assert repair(made, None, memory) == Repair(made.ref, Drift.DELETED)
    assert repair_of(made, None, None, None, owner()) is None


@pytest.mark.parametrize("labels", [{}, {LABEL: "Helm"}], ids=["no label", "another label"])
def test_a_changed_label_is_drift(made: Content, memory: str, labels: Mapping[str, str]) -> None:
    expected = Repair(made.ref, Drift.METADATA, marks=True)
    assert repair(made, replace(written(made), labels=labels), memory) == expected


def test_an_annotation_that_someone_else_holds_is_drift_if_it_is_wrong(made: Content, memory: str) -> None:
    for name in made.annotations:
        theirs = held_by(written(made), **{name: "kubectl-edit"})
        assert repair(made, theirs, memory) is None, "they say the same"
        wrong = replace(theirs, annotations={**made.annotations, name: "{"})
        assert repair(made, wrong, memory) == Repair(made.ref, Drift.METADATA, marks=True, by=("kubectl-edit",))


def test_an_annotation_of_ours_that_says_something_else_is_no_drift(made: Content, memory: str) -> None:
    """Provenance may have more to remember by now, or another version of the operator wrote it."""
    found = replace(written(made), annotations={**made.annotations, PROVENANCE: "{}"})
    assert repair(made, found, memory) is None


def test_what_is_missing_was_removed_if_it_was_there_before(made: Content) -> None:
    expected = Repair(made.ref, Drift.METADATA, marks=True)
    for name in made.annotations:
        left = {key: text for key, text in made.annotations.items() if key != name}
        assert repair(made, replace(written(made), annotations=left)) == expected
        assert repair(made, replace(written(made), annotations=left), "after a restart") is None
    disowned = replace(written(made), controller=None)
    assert repair(made, disowned) == expected
    assert repair(made, disowned, "after a restart") is None


def test_under_retain_it_is_an_owner_that_is_wrong(made: Content) -> None:
    retaining = owner(retains=True)
    found = edited(made, written(made, by=retaining), HOST="evil")
    told = repair(made, found, by=retaining)
    assert told == Repair(made.ref, Drift.KEYS, 1), "no owner is how it should be"
    tied = replace(written(made, by=retaining), owners=frozenset({retaining.uid}))
    assert repair(made, tied, by=retaining) == Repair(made.ref, Drift.METADATA, marks=True)


def test_what_was_not_touched_since_is_written_for_another_reason(made: Content) -> None:
    found = edited(made, written(made), HOST="evil")
    assert (
        repair_of(made, found, Seen(found.uid, found.resource_version, made.revision), made.revision, owner()) is None
    )


def test_what_was_found_changed_while_keys_were_kept_is_put_back(made: Content) -> None:
    found = edited(made, written(made), HOST="evil")
    kept = Seen(found.uid, found.resource_version, None)
    assert repair_of(made, found, kept, made.revision, owner()) == Repair(made.ref, Drift.KEYS, 1)


@pytest.mark.parametrize("kind", [SecureValue, str], ids=["Secret", "ConfigMap"])
def test_a_parameter_that_changed_is_no_drift(kind: type[str | SecureValue], memory: str) -> None:
    old, new = content(kind), content(kind, version=2)
    assert repair(new, written(old), memory, was=old) is None
    assert repair(new, edited(old, written(old), HOST="evil"), memory, was=old) is None, "nothing shows it"


def test_drift_beside_a_parameter_that_changed(memory: str) -> None:
    old = config_map_content({"HOST": "db", "PORT": "1"})
    new = config_map_content({"HOST": "db", "PORT": "2"}, entries={**old.entries, "PORT": entry("port", version=2)})
    found = edited(old, written(old), HOST="evil", MORE="x")
    assert repair(new, found, memory, was=old) == Repair(CONFIG_MAP, Drift.KEYS, 1, 0, is_all=False)
    theirs = replace(found, foreign_keys=frozenset({"MORE"}))
    assert repair(new, theirs, memory, was=old) == Repair(CONFIG_MAP, Drift.KEYS, 1, 1, is_all=False)


def test_a_key_that_the_sync_gives_up_is_no_foreign_one(memory: str) -> None:
    old, new = config_map_content({"HOST": "db", "PORT": "1"}), config_map_content({"HOST": "db"})
    found = replace(written(old), foreign_keys=frozenset({"PORT"}))
    assert repair(new, found, memory, was=old) is None


def test_what_an_earlier_sync_left_behind_is_taken_over_and_not_repaired(made: Content) -> None:
    orphan = edited(made, replace(written(made), controller=None), HOST="old")
    assert repair_of(made, orphan, None, None, owner()) is None


def test_what_was_written_and_never_recorded_is_ours_by_its_controller() -> None:
    made = config_map_content({"HOST": "db"})
    found = replace(edited(made, written(made), MORE="x"), foreign_keys=frozenset({"MORE"}))
    assert repair_of(made, found, None, None, owner()) == Repair(CONFIG_MAP, Drift.KEYS, 0, 1, is_all=False)


def test_those_are_named_who_hold_what_is_wrong(made: Content) -> None:
    found = edited(made, written(made), HOST="evil", MORE="x")
    theirs = held_by(found, HOST="kubectl-edit paramsync", MORE="helm", PORT="innocent", **{LABEL: "innocent"})
    told = repair(made, theirs)
    assert told is not None
    assert told.by == ("helm", "kubectl-edit")


@pytest.mark.parametrize(
    ("manager", "shown"),
    [
        ("argocd-controller", "argocd-controller"),
        ("a b\nc\x1b[31m", "a?b?c??31m"),
        ("ключ<b>", "?????b?"),
        ("x" * 128, "x" * 64),
    ],
    ids=["usual", "controls", "markup", "long"],
)
def test_names_of_field_managers_are_text_of_others(made: Content, manager: str, shown: str) -> None:
    found = replace(edited(made, written(made), HOST="evil"), editors={"HOST": frozenset({manager})})
    told = repair(made, found)
    assert told is not None
    assert told.by == (shown,)


@pytest.mark.parametrize(
    ("done", "text"),
    [
        (Repair(SECRET, Drift.DELETED), "Secret app was deleted and is made anew"),
        (Repair(SECRET, Drift.KEYS, 1), "Secret app was changed by someone: 1 key put back"),
        (
            Repair(SECRET, Drift.KEYS, 2, 1, marks=True, by=("helm", "kubectl-edit")),
            "Secret app was changed by helm, kubectl-edit: 2 keys put back, 1 key of others removed, " + MARKS,
        ),
        (
            Repair(SECRET, Drift.KEYS, 0, 3, by=("a", "b", "c", "d", "e")),
            "Secret app was changed by a, b, c and 2 more: 3 keys of others removed",
        ),
    ],
    ids=["deleted", "by nobody that is known", "by two", "by many"],
)
def test_a_repair_is_told_in_counts_and_names(done: Repair, text: str) -> None:
    assert done.told == text
