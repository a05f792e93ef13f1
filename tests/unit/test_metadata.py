"""Labels and annotations that a spec gives its targets, and those that others have put there."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsync.api.metadata import TargetMetadata, is_key, is_reserved
from paramsync.api.sync import ParameterSyncSpec, Target, TargetKind
from paramsync.core import sizes
from paramsync.core.actions import ActionKind
from paramsync.core.adoption import handover
from paramsync.core.drift import Seen, is_intact
from paramsync.core.metadata import texts
from paramsync.core.objects import MANAGED_BY, MANAGED_BY_LABEL, METADATA_ANNOTATION, Content, Live
from paramsync.core.plan import Plan
from paramsync.core.preview import Verdict, lines, verdict
from paramsync.core.reasons import Reason
from paramsync.core.repairs import Drift, Repair, repair_of
from paramsync.core.trackers import TRACKERS, Tracker
from paramsync.kube.encoding import apply_body

from .builders import CONFIG_MAP, SECRET, owner, parameter, planned, secure, snapshot, spec, written
from .builders import given as given_away

FULL = snapshot(parameter(), secure())
TEAM = {"team": "pay"}
NOTE = {"example.com/note": "hello"}
BOTH_LISTED = "annotations/example.com/note labels/team"

Texts = Mapping[str, str]


def asking(labels: Texts | None = None, annotations: Texts | None = None) -> ParameterSyncSpec:
    """A spec whose Secret, which takes everything, is to have these."""
    asked = TargetMetadata(
        labels=None if labels is None else dict(labels), annotations=None if annotations is None else dict(annotations)
    )
    return spec(targets=[Target(kind=TargetKind.SECRET, metadata=asked)])


def plan_of(asked: ParameterSyncSpec, *found: Live) -> Plan:
    return planned(FULL, spec=asked, live=found)


def content_of(asked: ParameterSyncSpec, *found: Live) -> Content:
    (content,) = plan_of(asked, *found).contents
    return content


def made(labels: Texts | None = None, annotations: Texts | None = None, *, values: bool = True) -> Live:
    """The Secret of a spec that gives these, as it was written."""
    return written(content_of(asking(labels, annotations)), values=values)


def with_others(found: Live, labels: Texts | None = None, annotations: Texts | None = None) -> Live:
    """With what somebody else has put there since, or changed; they are its editors then."""
    theirs = texts(labels or {}, annotations or {})
    return replace(
        found,
        resource_version="99",
        labels={**found.labels, **(labels or {})},
        annotations={**found.annotations, **(annotations or {})},
        stated=found.stated - theirs.keys(),
        editors=dict.fromkeys(theirs, frozenset({"kubectl-label"})),
    )


def without(found: Live, *names: str) -> Live:
    """With what somebody has taken away."""
    return replace(
        found,
        resource_version="99",
        labels={key: text for key, text in found.labels.items() if f"labels/{key}" not in names},
        annotations={key: text for key, text in found.annotations.items() if f"annotations/{key}" not in names},
        stated=found.stated - set(names),
    )


def done(plan: Plan) -> list[tuple[str, str]]:
    return [(str(action.kind), action.key) for action in plan.metadata]


def notes(plan: Plan) -> list[tuple[Reason, str]]:
    return [(note.reason, note.subject) for note in plan.notes]


# What may be given


@pytest.mark.parametrize(
    "key",
    [
        *(
            "reloader.stakater.com/match",
            "reflector.v1.k8s.emberstack.com/reflection-allowed",
            "team",
            "grafana_dashboard",
        ),
        *(f"app.kubernetes.io/{name}" for name in ("name", "version", "component", "part-of")),
        *("cluster.x-k8s.io/cluster-name", "velero.io/exclude-from-backup", "cert-manager.io/allow-direct-injection"),
        *("myhelm.sh/a", "notparamsync.dev/a", "argoproj.io.example.com/a"),
    ],
)
def test_what_people_want_on_secrets_is_not_reserved(key: str) -> None:
    assert is_key(key)
    assert not is_reserved(key)


@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.tool)
def test_no_mark_by_which_a_tool_holds_an_object_to_be_its_own_can_be_given(tracker: Tracker) -> None:
    marks = [*tracker.labels, *tracker.annotations]
    assert marks
    assert [mark for mark in marks if not is_reserved(mark)] == []


def is_qualified(key: str) -> bool:
    """Kubernetes's rule in other words (``IsQualifiedName``), for a prefix in small letters."""
    prefix, slash, name = key.rpartition("/")
    signs, small = set("-_."), set("abcdefghijklmnopqrstuvwxyz0123456789")
    letters = small | {each.upper() for each in small}
    good_name = 0 < len(name) <= 63 and set(name) <= letters | signs and name[0] in letters and name[-1] in letters
    parts = prefix.split(".")
    good_parts = all(p and set(p) <= small | {"-"} and p[0] in small and p[-1] in small for p in parts)
    return good_name and (not slash or (len(prefix) <= 253 and good_parts))


KEYS = st.text("aB-./", max_size=6) | st.builds(
    lambda prefix, name: f"{'a' * prefix}/{'a' * name}", st.integers(251, 255), st.integers(61, 65)
)


@settings(max_examples=500)
@given(KEYS | st.text("a.-", max_size=5).map("{}/b".format) | st.text("a_0ä\n", max_size=3))
def test_a_key_is_what_kubernetes_takes_for_one(key: str) -> None:
    assert is_key(key) is is_qualified(key)


# What a target is given


def test_a_new_target_is_given_them_beside_our_own() -> None:
    plan = plan_of(asking(TEAM, NOTE))
    (content,) = plan.contents
    body = apply_body(content, None, owner())
    assert isinstance(body["metadata"], dict)
    assert body["metadata"]["labels"] == {**TEAM, MANAGED_BY_LABEL: MANAGED_BY}
    assert body["metadata"]["annotations"].items() >= {**NOTE, METADATA_ANNOTATION: BOTH_LISTED}.items()
    assert done(plan) == [("add", "annotations/example.com/note"), ("add", "labels/team")]


@pytest.mark.parametrize("kind", TargetKind)
def test_both_kinds_of_target(kind: TargetKind) -> None:
    asked = spec(targets=[Target(kind=kind, metadata=TargetMetadata(labels=dict(TEAM), annotations=dict(NOTE)))])
    (content,) = plan_of(asked).contents
    assert content.labels == TEAM
    assert content.annotations.items() >= NOTE.items()


def test_each_target_has_its_own() -> None:
    targets = [
        Target(kind=TargetKind.SECRET, metadata=TargetMetadata(labels=dict(TEAM))),
        Target(kind=TargetKind.CONFIG_MAP),
    ]
    labels = {content.ref: dict(content.labels) for content in plan_of(spec(targets=targets)).contents}
    assert labels == {SECRET: TEAM, CONFIG_MAP: {}}


def test_without_any_nothing_is_listed() -> None:
    for asked in (asking(), asking({}, {}), spec(targets=[Target(kind=TargetKind.SECRET)])):
        assert METADATA_ANNOTATION not in content_of(asked).annotations


def test_what_has_been_given_is_not_written_again() -> None:
    for asked in (asking(), asking(TEAM), asking(TEAM, NOTE)):
        content = content_of(asked)
        plan = plan_of(asked, written(content))
        assert plan.contents == (content,)
        assert plan.metadata == ()
        assert is_intact(content, written(content), None, owner())


CHANGES: Mapping[str, tuple[Live, ParameterSyncSpec, list[tuple[str, str]]]] = {
    "the first": (made(), asking(TEAM), [("add", "labels/team")]),
    "one more": (made(TEAM), asking(TEAM, NOTE), [("add", "annotations/example.com/note")]),
    "another text": (made(TEAM), asking({"team": "shop"}), [("change", "labels/team")]),
    "one less": (made(TEAM, NOTE), asking(TEAM), [("remove", "annotations/example.com/note")]),
    "none": (made(TEAM), asking(), [("remove", "labels/team")]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_spec(change: str) -> None:
    before, asked, actions = CHANGES[change]
    plan = plan_of(asked, before)
    (content,) = plan.contents

    assert done(plan) == actions
    assert content.revision == content_of(asking()).revision, "the data is the same"
    assert not plan.changes
    assert plan.notes == ()
    assert verdict(plan) is Verdict.CHANGES
    assert [line.action.key for line in lines(plan, (), {SECRET: before})] == [key for _, key in actions]
    unread = replace(before, data=None)
    assert not is_intact(content, before, None, owner())
    assert not is_intact(content, unread, Seen.holding(content, before.uid, before.resource_version), owner())
    assert repair_of(content, before, Seen.holding(content, before.uid, "7"), content.revision, owner()) is None
    assert is_intact(content, written(content), None, owner())


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_spec_is_no_repair_where_somebody_else_has_been_there(change: str) -> None:
    before, asked, _ = CHANGES[change]
    touched = with_others(before, {"theirs": "x"})
    content = content_of(asked, touched)
    assert repair_of(content, touched, Seen.holding(content, touched.uid, "7"), content.revision, owner()) is None


# What others have put there


OTHERS = {"another value": "shop", "the same value": "pay"}


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
def test_what_was_there_before_stays_and_is_told_without_a_look_at_its_value(value: str) -> None:
    found = with_others(made(), {"team": value}, {"example.com/note": value})
    plan = plan_of(asking(TEAM, NOTE), found)
    (content,) = plan.contents

    assert (dict(content.labels), done(plan)) == ({}, [])
    assert METADATA_ANNOTATION not in content.annotations
    assert is_intact(content, found, None, owner())
    assert notes(plan) == [
        (Reason.METADATA_KEPT, "Secret app/annotations/example.com/note"),
        (Reason.METADATA_KEPT, "Secret app/labels/team"),
    ]
    assert plan.notes[1].message.startswith("The label team of Secret app was put there by somebody else")


def test_what_others_give_back_becomes_the_specs() -> None:
    found = without(with_others(made(), TEAM), "labels/team")
    assert dict(content_of(asking(TEAM), found).labels) == TEAM


def test_what_others_put_there_beside_it_is_not_told() -> None:
    plan = plan_of(asking(TEAM), with_others(made(TEAM), {"theirs": "x"}, NOTE))
    assert (plan.metadata, plan.notes) == ((), ())


# What somebody changes


def repaired(asked: ParameterSyncSpec, found: Live, *, again: bool = False) -> Repair | None:
    """What writing it puts back; of a process that has seen it before, unless it was started again."""
    content = content_of(asked, found)
    assert content.labels == content_of(asked).labels
    assert not is_intact(content, found, None, owner())
    seen = None if again else Seen.holding(content, found.uid, "7")
    return repair_of(content, found, seen, content.revision, owner())


@pytest.mark.parametrize("again", [False, True], ids=["seen before", "started again"])
def test_a_text_that_somebody_changed_is_put_back_and_told(*, again: bool) -> None:
    for theirs in ({"labels": {"team": "evil"}}, {"annotations": {"example.com/note": "evil"}}):
        repair = repaired(asking(TEAM, NOTE), with_others(made(TEAM, NOTE), **theirs), again=again)
        assert repair == Repair(SECRET, Drift.METADATA, marks=True, by=("kubectl-label",))


@pytest.mark.parametrize("again", [False, True], ids=["seen before", "started again"])
def test_what_somebody_took_away_is_put_back_and_told(*, again: bool) -> None:
    for name in ("labels/team", "annotations/example.com/note"):
        repair = repaired(asking(TEAM, NOTE), without(made(TEAM, NOTE), name), again=again)
        assert repair == Repair(SECRET, Drift.METADATA, marks=True)


def test_a_list_that_somebody_took_away_is_made_anew() -> None:
    found = without(made(TEAM, NOTE), f"annotations/{METADATA_ANNOTATION}")
    content = content_of(asking(TEAM, NOTE), found)
    assert content.annotations[METADATA_ANNOTATION] == BOTH_LISTED
    assert repaired(asking(TEAM, NOTE), found) == Repair(SECRET, Drift.METADATA, marks=True)


def test_what_is_not_listed_any_more_is_listed_before_it_goes() -> None:
    """The admission policy takes what is not listed for somebody else's."""
    found = without(made(TEAM, NOTE), f"annotations/{METADATA_ANNOTATION}")
    first = content_of(asking(), found)
    assert (dict(first.labels), first.annotations[METADATA_ANNOTATION]) == (TEAM, BOTH_LISTED)
    second = content_of(asking(), written(first))
    assert dict(second.labels) == {}
    assert METADATA_ANNOTATION not in second.annotations


def test_a_list_that_somebody_else_holds_too_becomes_empty_for_an_apply_cannot_take_it_away() -> None:
    found = made(TEAM)
    held = replace(found, editors={METADATA_ANNOTATION: frozenset({"kubectl-annotate"})})
    assert content_of(asking(), held).annotations[METADATA_ANNOTATION] == ""
    assert METADATA_ANNOTATION not in content_of(asking(), found).annotations


@pytest.mark.parametrize("text", ["labels/", "x", "  labels/team  ", "annotations/paramsync.dev/provenance", "\n"])
def test_a_forged_list_takes_nothing_away(text: str) -> None:
    found = with_others(made(), {"theirs": "x"}, {METADATA_ANNOTATION: text})
    plan = plan_of(asking(), found)
    (content,) = plan.contents
    assert plan.metadata == ()
    assert dict(content.labels) == {}
    assert content.annotations.keys() >= content_of(asking()).annotations.keys()


# Objects that are taken over, and sizes


def test_what_an_object_that_is_given_away_has_stays() -> None:
    data = {"PASSWORD": next(iter(content_of(asking()).data.values()))}
    found = given_away(SECRET, {}, labels={"team": "theirs"}, annotations={METADATA_ANNOTATION: "labels/team"})
    found = replace(found, data=data, foreign_keys=frozenset(data), stated=frozenset({"labels/team"}))
    plan = planned(FULL, spec=asking(TEAM, NOTE), live=[found], applied=())
    (content,) = plan.contents
    assert dict(content.labels) == {}
    assert done(plan) == [("add", "annotations/example.com/note")]
    assert (Reason.METADATA_KEPT, "Secret app/labels/team") in notes(plan)
    assert handover(content, found).annotations[METADATA_ANNOTATION] is None


MOST = {f"{'a' * 253}/{number:063}": "\N{GRINNING FACE}" * 1024 for number in range(16)}


@pytest.mark.parametrize("now", [MOST, None], ids=["stays", "goes"])
def test_what_the_spec_has_given_is_not_counted_beside_what_it_gives(now: Texts | None) -> None:
    found = with_others(made(None, MOST), None, {"theirs": "x" * (150_000 if now else 200_000)})
    assert plan_of(asking(None, now), found).problems == ()


def test_what_somebody_has_changed_of_it_is_not_counted_either() -> None:
    evil = {key: text[:-1] for key, text in MOST.items()}
    found = with_others(made(None, MOST), None, {"theirs": "x" * 150_000, **evil})
    assert plan_of(asking(None, MOST), found).problems == ()


def test_what_may_be_given_leaves_room_for_our_own() -> None:
    plan = plan_of(asking(None, MOST))
    (content,) = plan.contents
    assert sizes.annotation_bytes(MOST) == 70_608
    assert plan.problems == plan.notes == ()
    assert METADATA_ANNOTATION in content.annotations


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy"), max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy"), max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy"), max_size=4),
)
def test_whatever_was_given_before_what_others_gave_stays(before: Texts, now: Texts, theirs: Texts) -> None:
    free = {key: text for key, text in theirs.items() if key not in before}
    found = with_others(made(before), free)
    content = content_of(asking(now), found)
    ours = {key: text for key, text in now.items() if key not in free}
    assert content.labels == ours
    after = written(content)
    after = replace(after, labels={**free, **after.labels}, editors=found.editors)
    assert is_intact(content_of(asking(now), after), after, None, owner())
    kinds = {action.key.removeprefix("labels/"): action.kind for action in plan_of(asking(now), found).metadata}
    assert kinds == {
        **dict.fromkeys(before.keys() - now.keys(), ActionKind.REMOVE),
        **dict.fromkeys(ours.keys() - before.keys(), ActionKind.ADD),
        **{key: ActionKind.CHANGE for key in ours.keys() & before.keys() if ours[key] != before[key]},
    }
