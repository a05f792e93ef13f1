"""What a plan makes of what the targets were last written from."""

from dataclasses import replace

import pytest
from hypothesis import given

from paramsync.api.sync import ParameterSyncSpec, TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.parameters import Snapshot
from paramsync.core.values import SecureValue
from tests.unit import strategies
from tests.unit.builders import (
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    entry,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
    target,
    written,
)

OPTIONAL = spec(source(optional=True))


@given(strategies.situations(legal=True))
def test_planning_against_what_a_plan_produced_changes_nothing(
    situation: tuple[ParameterSyncSpec, list[Snapshot]],
) -> None:
    spec, snapshots = situation
    first = planned(*snapshots, spec=spec)
    settled = [replace(each, settled=True, absence_settled=True) for each in snapshots]
    again = planned(*settled, spec=spec, live=[written(content) for content in first.contents])
    assert again.actions == ()


def test_a_plain_value_in_a_secret_is_not_a_change_for_ever() -> None:
    made = spec(targets=[target(TargetKind.SECRET)])
    first = planned(snapshot(parameter()), spec=made)
    again = planned(snapshot(parameter()), spec=made, live=[written(content) for content in first.contents])
    assert again.actions == ()


def test_a_lower_source_shows_through_only_once_the_absence_of_the_winner_has_settled() -> None:
    shared = snapshot(parameter("/shared/host", "fallback"), path="/shared")
    before = ours(
        CONFIG_MAP, {"HOST": "own"}, entries={"HOST": entry("host", source=1)}, origins=[origin("/shared"), origin()]
    )
    gone = snapshot(secure(), absence_settled=False)
    plan = planned(shared, gone, live=[before])
    assert [(each.kind, each.key) for each in plan.actions if each.target == CONFIG_MAP] == [(ActionKind.KEEP, "HOST")]
    assert [dict(each.data) for each in plan.contents if each.ref == CONFIG_MAP] == [{"HOST": "own"}]


def test_an_addition_that_has_not_settled_is_no_reason_to_empty_a_target() -> None:
    before = ours(CONFIG_MAP, {"OLD": "1"}, entries={"OLD": entry("old")})
    plan = planned(snapshot(parameter("/prod/pay/new"), secure(), settled=False), live=[before])
    assert [dict(each.data) for each in plan.contents if each.ref == CONFIG_MAP] == [{"OLD": "1"}]
    assert plan.holds != ()


def test_a_forged_provenance_on_a_config_map_is_no_exception() -> None:
    before = ours(CONFIG_MAP, {"A": "x"}, entries={"A": entry("a", kind=SECURE_STRING)})
    plan = planned(snapshot(), spec=OPTIONAL, live=[before])
    assert plan.contents or plan.problems


@pytest.mark.parametrize("annotation", [None, "damaged"])
def test_a_target_whose_keys_are_not_known_is_read_before_anything_goes(annotation: str | None) -> None:
    before = ours(
        SECRET,
        None,
        entries={"A": entry("a", kind=SECURE_STRING)},
        annotations={"paramsync.dev/provenance": annotation},
    )
    plan = planned(snapshot(), spec=OPTIONAL, live=[before])
    assert SECRET in plan.needs_values


def test_a_target_whose_provenance_was_trimmed_to_nothing_is_never_emptied_unread() -> None:
    many = [secure(f"/prod/pay/{'k' * 200}{number}") for number in range(1300)]
    first = planned(
        snapshot(
            *many,
        ),
        spec=OPTIONAL,
    )
    assert first.problems == ()
    live = [written(content, values=False) for content in first.contents]
    assert '"keys":{}' in live[0].annotations["paramsync.dev/provenance"]
    plan = planned(snapshot(), spec=OPTIONAL, live=live)
    assert plan.holds or plan.needs_values


def test_a_name_without_a_slash_below_the_root_is_not_a_change_for_ever() -> None:
    made = snapshot(parameter("host"), path="/")
    first = planned(made)
    again = planned(made, live=[written(content) for content in first.contents])
    assert again.actions == ()


def test_an_optional_source_that_became_empty_rewrites_no_target_that_it_does_not_concern() -> None:
    made = spec(source("/shared", optional=True), "/prod/pay")
    first = planned(snapshot(parameter("/shared/host"), path="/shared"), snapshot(secure()), spec=made)
    again = planned(snapshot(path="/shared"), snapshot(secure()), spec=made, live=[written(c) for c in first.contents])
    revisions = [{c.ref: c.revision for c in plan.contents}[SECRET] for plan in (first, again)]
    assert revisions[0] == revisions[1]


def test_a_plain_key_whose_provenance_was_trimmed_to_nothing_is_not_a_change_for_ever() -> None:
    found = ours(SECRET, {"HOST": SecureValue(b"db.internal")}, annotations={"paramsync.dev/provenance": None})
    plan = planned(snapshot(parameter()), spec=spec(targets=[target()]), live=[found])
    assert plan.actions == ()
