"""What holds of every plan, whatever the spec, the snapshots and the cluster."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sync import ParameterSyncSpec, TargetKind
from paramsync.core.actions import LOSSES, Action, ActionKind
from paramsync.core.annotations import decode
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import PROVENANCE_ANNOTATION, ConfigMapContent, Content, Live, SecretContent
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.plan import Plan
from paramsync.core.planned import plan_status
from paramsync.core.routing import TargetRef
from paramsync.core.values import KeyValue, SecureValue

from . import strategies
from .builders import CONFIG_MAP, SECRET, SECURE_STRING, planned, written

Situation = tuple[ParameterSyncSpec, list[Snapshot]]
T = TypeVar("T")


@st.composite
def histories(draw: st.DrawFn) -> tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]]:
    """A spec with its snapshots as they were, all settled, and as they are now."""
    spec, before = draw(strategies.situations(settled=True, legal=True, plain_in_secrets=False))
    now = strategies.without_key_problems([draw(strategies.snapshots(each.path)) for each in spec.sources])
    return spec, before, now


def optional(spec: ParameterSyncSpec) -> ParameterSyncSpec:
    return spec.model_copy(
        update={"sources": tuple(each.model_copy(update={"optional": True}) for each in spec.sources)}
    )


def after(plan: Plan, *, values: bool = True) -> list[Live]:
    return [written(content, values=values) for content in plan.contents]


def sorted_out(contents: tuple[Content, ...]) -> dict[TargetRef, Content]:
    return {content.ref: content for content in contents}


def reordered(found: Mapping[str, T], order: Callable[[list[str]], object]) -> dict[str, T]:
    names = list(found)
    order(names)
    return {name: found[name] for name in names}


@given(strategies.situations())
def test_a_problem_means_that_nothing_is_written(situation: Situation) -> None:
    spec, snapshots = situation
    plan = planned(*snapshots, spec=spec)
    assert bool(plan.problems) != bool(plan.contents)


@given(histories())
def test_an_empty_required_source_never_yields_contents(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    first = planned(*before, spec=optional(spec))
    emptied = [replace(now[0], parameters={}, settled=True), *now[1:]]
    required = spec.model_copy(
        update={"sources": (spec.sources[0].model_copy(update={"optional": None}), *spec.sources[1:])}
    )
    plan = planned(*emptied, spec=required, live=after(first))
    assert plan.problems or plan.waits
    assert (plan.contents, plan.dropped, plan.actions) == ((), (), ())


@given(strategies.situations(legal=True, plain_in_secrets=False), st.booleans())
def test_planning_against_what_a_plan_produced_changes_nothing(situation: Situation, values: bool) -> None:
    spec, snapshots = situation
    first = planned(*snapshots, spec=spec)
    settled = [replace(each, settled=True, absence_settled=True) for each in snapshots]
    again = planned(*settled, spec=spec, live=after(first, values=values))
    assert again.actions == ()
    assert sorted_out(again.contents) == sorted_out(first.contents)
    assert (again.holds, again.notes, again.dropped) == ((), first.notes, ())


@given(histories())
def test_a_second_look_at_the_same_change_writes_nothing_more(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    live = after(planned(*before, spec=optional(spec)))
    changed = planned(*now, spec=optional(spec), live=live)
    held = Approval(told=plan_status(changed.held, changed.held, changed.digest)) if changed.holds else None
    left = live if changed.is_stopped or changed.waits else after(changed)
    again = planned(*now, spec=optional(spec), live=left, approval=held)
    assert again.digest == changed.digest
    assert sorted_out(again.contents) == sorted_out(changed.contents)
    assert changed.is_stopped or {each.kind for each in again.actions} <= {ActionKind.KEEP}


def _kept(plan: Plan) -> set[tuple[TargetRef, str]]:
    return {(each.target, each.key) for each in plan.actions if each.kind is ActionKind.KEEP}


@given(histories())
def test_kept_keys_carry_the_live_values_and_others_the_new_ones(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    live = after(planned(*before, spec=optional(spec)))
    plan = planned(*now, spec=optional(spec), live=live)
    old: dict[tuple[TargetRef, str], KeyValue | bytes] = {
        (each.ref, key): value for each in live for key, value in (each.data or {}).items()
    }
    fresh = {
        (content.ref, key): value
        for content in planned(*now, spec=optional(spec), applied=[SECRET]).contents
        for key, value in content.data.items()
    }
    made = {(content.ref, key): value for content in plan.contents for key, value in content.data.items()}
    kept = _kept(plan) if plan.contents else set()
    for place, value in made.items():
        assert value == (old if place in kept else fresh)[place]
    assert kept & old.keys() <= made.keys()


@given(histories())
def test_what_has_not_settled_never_acts_on_a_live_target(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    live = after(planned(*before, spec=optional(spec)))
    plan = planned(*now, spec=optional(spec), live=live)
    found = {each.ref for each in live}

    def may_act(action: Action) -> bool:
        return all(each.is_settled(name) for name in names(action) for each in now if each.subtree.covers(name))

    def names(action: Action) -> Iterator[str]:
        """The parameters of a key, as it was and as it would be."""
        if action.parameter is not None:
            yield action.parameter
            return
        for each in (*live, *plan.contents):
            if each.ref == action.target:
                known = decode(each.annotations[PROVENANCE_ANNOTATION])
                assert known is not None
                yield from filter(None, known.names_of(action.key))

    assert all(may_act(each) for each in plan.actions if each.target in found and each.kind is not ActionKind.KEEP)


@given(histories())
def test_no_live_target_is_emptied(history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]]) -> None:
    spec, before, now = history
    settled = [replace(each, settled=True, absence_settled=True) for each in now]
    live = {each.ref: each for each in after(planned(*before, spec=optional(spec)))}
    plan = planned(*settled, spec=optional(spec), live=live.values())
    emptied = [each.ref for each in plan.contents if not each.data and live.get(each.ref) and live[each.ref].data]
    assert emptied == []


@given(histories())
def test_no_secure_value_is_in_a_config_map(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    first = planned(*before, spec=optional(spec))
    second = planned(*now, spec=optional(spec), live=after(first))
    for content in (*first.contents, *second.contents):
        if isinstance(content, ConfigMapContent):
            assert content.ref.kind is TargetKind.CONFIG_MAP
            assert all(type(value) is str for value in content.data.values())
            assert all(each.type is not SECURE_STRING for each in content.entries.values())
            assert content.annotations["paramsync.dev/plain-keys"].count("=") == len(content.data)


@given(strategies.situations(legal=True))
def test_every_value_of_a_secret_is_in_the_secure_class(situation: Situation) -> None:
    spec, snapshots = situation
    for content in planned(*snapshots, spec=spec).contents:
        if isinstance(content, SecretContent):
            assert content.ref.kind is TargetKind.SECRET
            assert all(type(value) is SecureValue for value in content.data.values())


@given(histories())
def test_gains_are_written_before_losses(
    history: tuple[ParameterSyncSpec, list[Snapshot], list[Snapshot]],
) -> None:
    spec, before, now = history
    plan = planned(*now, spec=optional(spec), live=after(planned(*before, spec=optional(spec))))
    losing = {each.target for each in plan.actions if each.kind in LOSSES}
    order = [each.ref in losing for each in plan.contents]
    assert order == sorted(order)


@given(strategies.situations(legal=True), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_a_listing(situation: Situation, chance: object) -> None:
    spec, snapshots = situation
    shuffle: Callable[[list[str]], object] = getattr(chance, "shuffle")  # noqa: B009
    shuffled = [replace(each, parameters=reordered(each.parameters, shuffle)) for each in snapshots]
    assert planned(*shuffled, spec=spec) == planned(*snapshots, spec=spec)


def _with_other_value(found: Parameter) -> Parameter:
    kind = found.stamp.type
    return replace(found, value=SecureValue(b"other") if kind is SECURE_STRING else "other")


@given(strategies.situations(legal=True))
def test_nothing_but_data_depends_on_values(situation: Situation) -> None:
    spec, snapshots = situation
    other = [
        replace(each, parameters={name: _with_other_value(found) for name, found in each.parameters.items()})
        for each in snapshots
    ]
    first, second = planned(*snapshots, spec=spec), planned(*other, spec=spec)
    assert second.actions == first.actions
    assert [(each.ref, each.revision, each.annotations, each.entries) for each in second.contents] == [
        (each.ref, each.revision, each.annotations, each.entries) for each in first.contents
    ]


def _with_new_version(parameters: Mapping[str, Parameter], name: str) -> dict[str, Parameter]:
    found = parameters.get(name)
    if found is None:
        return dict(parameters)
    return {**parameters, name: replace(found, stamp=replace(found.stamp, version=found.stamp.version + 1))}


@given(strategies.situations(legal=True), st.data())
def test_a_new_version_gives_a_new_revision(situation: Situation, data: st.DataObject) -> None:
    spec, snapshots = situation
    first = planned(*snapshots, spec=spec)
    used = sorted({each.parameter for each in first.actions if each.parameter})
    if not first.contents or not used:
        return
    name = data.draw(st.sampled_from(used))
    changed = [replace(each, parameters=_with_new_version(each.parameters, name)) for each in snapshots]
    second = sorted_out(planned(*changed, spec=spec).contents)
    holders = {each.target for each in first.actions if each.parameter == name}
    differing = {ref for ref, content in sorted_out(first.contents).items() if content.revision != second[ref].revision}
    assert differing == holders


@given(strategies.situations(), st.sets(st.sampled_from([SECRET, CONFIG_MAP, TargetRef(TargetKind.SECRET, "x")])))
def test_dropped_targets_are_those_that_were_applied_and_are_none_now(
    situation: Situation, applied: set[TargetRef]
) -> None:
    spec, snapshots = situation
    plan = planned(*snapshots, spec=spec, applied=applied)
    if plan.contents:
        assert plan.dropped == tuple(sorted(applied - {each.ref for each in plan.contents}))
    else:
        assert plan.dropped == ()
