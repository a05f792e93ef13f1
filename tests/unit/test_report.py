"""The status that follows from a reconcile."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from paramsync.api.status import GuardWindow, SyncStatus, TargetStatus
from paramsync.core.objects import Content
from paramsync.core.outcome import Outcome
from paramsync.core.plan import Plan
from paramsync.core.reasons import Problem, Reason
from paramsync.core.report import Written, described, failure, outcome_of, revision, success
from paramsync.core.routing import TargetRef

from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    circumstances,
    condition,
    config_map_content,
    entry,
    ours,
    parameter,
    planned,
    secret_content,
    secure,
    snapshot,
    source,
    spec,
    status,
)

FULL = snapshot(parameter(), secure())
BROKEN = Outcome.of((Problem(Reason.KEY_COLLISION, "/a", "A is bad"),))
THROTTLED = Outcome(Reason.THROTTLED, "Slow down")


def outcome(plan: Plan, *, only_planned: bool = False) -> Outcome:
    return outcome_of(plan, "payments", "app", only_planned=only_planned)


def reported(
    plan: Plan, previous: SyncStatus | None = None, *, changed: bool = True, dropped: Sequence[TargetRef] = ()
) -> SyncStatus:
    done = [Written(content, f"uid of {content.ref}", changed) for content in plan.contents]
    return success(previous or SyncStatus(), plan, done, outcome(plan), circumstances(generation=3), dropped)


def test_success_says_what_the_targets_hold() -> None:
    made = reported(planned(FULL))
    assert made.observed_generation == 3
    assert [(each.type, each.status, each.reason) for each in made.conditions] == [("Ready", "True", "Synced")]
    assert made.conditions[0].message == "2 parameters are in 2 targets"
    assert (made.parameters, made.secure, made.skipped, made.overlaid) == (2, 1, 0, 0)
    assert [(each.kind, each.name, each.uid, each.key_count) for each in made.targets] == [
        ("ConfigMap", "app", "uid of ConfigMap app", 1),
        ("Secret", "app", "uid of Secret app", 1),
    ]
    assert made.problems == ()
    assert made.guard == GuardWindow(since="2026-03-01T12:00:00Z", peak=2, removed=0)


@pytest.mark.parametrize(
    ("previous", "changed", "dropped", "time"),
    [
        (SyncStatus(), True, False, "2026-03-01T12:00:00Z"),
        (SyncStatus(), False, False, "2026-03-01T12:00:00Z"),
        (SyncStatus(last_applied_time="2026-01-01T00:00:00Z"), False, False, "2026-01-01T00:00:00Z"),
        (SyncStatus(last_applied_time="2026-01-01T00:00:00Z"), True, False, "2026-03-01T12:00:00Z"),
        (SyncStatus(last_applied_time="2026-01-01T00:00:00Z"), False, True, "2026-03-01T12:00:00Z"),
    ],
    ids=["first", "found intact", "nothing changed", "a target changed", "a target was dropped"],
)
def test_the_time_is_that_of_the_last_change(previous: SyncStatus, changed: bool, dropped: bool, time: str) -> None:
    gone = (SECRET,) if dropped else ()
    assert reported(planned(FULL), previous, changed=changed, dropped=gone).last_applied_time == time


def test_an_unchanged_pass_leaves_the_status_as_it_was() -> None:
    first = reported(planned(FULL))
    done = [Written(content, f"uid of {content.ref}", changed=False) for content in planned(FULL).contents]
    later = circumstances(generation=3, now=NOW + timedelta(days=2))
    again = success(first, planned(FULL), done, outcome(planned(FULL)), later, ())
    assert again == first


def test_removals_are_counted_by_parameter() -> None:
    before = [
        ours(CONFIG_MAP, entries={"HOST": entry("host"), "GONE": entry("gone"), "AWAY": entry("away")}),
    ]
    made = reported(planned(FULL, live=before, spec=spec(most=2)))
    assert made.guard == GuardWindow(since="2026-03-01T12:00:00Z", peak=4, removed=2)


def test_problems_name_the_outcome() -> None:
    made = outcome(planned(snapshot()))
    assert (made.reason, [each.subject for each in made.problems]) == (Reason.NO_PARAMETERS, ["/prod/pay"])


def test_a_hold_names_the_outcome_with_its_target() -> None:
    plan = planned(
        snapshot(),
        spec=spec(source(optional=True)),
        live=[ours(CONFIG_MAP, {"HOST": "x"}, entries={"HOST": entry("host"), "GONE": entry("gone")})],
    )
    made = outcome(plan)
    assert made.reason is Reason.REMOVAL_BLOCKED
    assert [(each.reason, each.subject) for each in made.problems] == [
        (Reason.REMOVAL_BLOCKED, "ConfigMap app"),
        (Reason.REMOVAL_BLOCKED, "ConfigMap app/GONE"),
    ]


def test_a_note_does_not_spoil_a_success() -> None:
    made = reported(planned(snapshot(parameter(value="x" * 900_000))))
    assert made.conditions[0].status == "True"
    assert [each.subject for each in made.problems] == ["ConfigMap app"]


def test_a_failure_keeps_what_was_said_of_the_targets() -> None:
    previous = status(condition(), revision="abc", targets=[SECRET, CONFIG_MAP])
    made = failure(previous, BROKEN, circumstances(generation=4))
    assert made.targets == tuple(sorted(previous.targets, key=lambda each: each.kind))
    assert (made.revision, made.observed_generation) == ("abc", 4)
    assert [(each.type, each.status) for each in made.conditions] == [("Ready", "False"), ("Stalled", "True")]
    assert [(each.reason, each.subject, each.message) for each in made.problems] == [("KeyCollision", "/a", "A is bad")]


@pytest.mark.parametrize("content", [secret_content(), config_map_content()], ids=["Secret", "ConfigMap"])
def test_a_failure_records_the_targets_that_were_written_before_it(content: Content) -> None:
    previous = status(condition(), revision="abc", targets=[SECRET])
    made = failure(previous, BROKEN, circumstances(), [Written(content, "new", changed=True)])
    recorded = {(each.kind, each.name): each.uid for each in made.targets}
    assert recorded == {("Secret", "app"): "target-uid", (content.ref.kind, "app"): "new"}


def test_a_passing_failure_writes_no_status_while_the_data_is_fresh() -> None:
    previous = status(condition(), revision="abc")
    assert failure(previous, THROTTLED, circumstances()) is previous


def test_a_passing_failure_is_told_once_the_data_is_stale() -> None:
    previous = status(condition(), revision="abc")
    made = failure(previous, THROTTLED, circumstances(data_age=timedelta(hours=1)))
    assert [(each.type, each.reason) for each in made.conditions] == [
        ("Ready", "Throttled"),
        ("Reconciling", "Throttled"),
    ]


def test_problems_are_cut_to_what_the_schema_allows() -> None:
    many = tuple(Problem(Reason.INVALID_KEY, f"/{'x' * 2000}", "y" * 5000) for _ in range(80))
    made = failure(SyncStatus(), Outcome.of(many), circumstances())
    assert len(made.problems) == 50
    assert {(len(each.subject), len(each.message)) for each in made.problems} == {(1280, 4096)}
    SyncStatus.model_validate_json(made.model_dump_json())


@pytest.mark.parametrize(
    ("store", "paths", "shown_sources", "shown_store"),
    [
        (None, ["/prod/pay"], "/prod/pay", "default"),
        ("main", ["/shared", "/prod/pay"], "/shared, /prod/pay", "main"),
        ("s" * 100, [f"/{number:060}" for number in range(3)], f"/{'0' * 60}, …", "s" * 63 + "…"),
    ],
    ids=["defaults", "two sources", "long"],
)
def test_columns_describe_the_spec(store: str | None, paths: list[str], shown_sources: str, shown_store: str) -> None:
    made = described(SyncStatus(), spec(*paths, store=store), None)
    assert (made.sources, made.store, made.last_handled_refresh) == (shown_sources, shown_store, None)


def test_a_refresh_that_was_handled_is_remembered() -> None:
    first = described(SyncStatus(), None, "once")
    assert first.last_handled_refresh == "once"
    assert described(first, None, None).last_handled_refresh == "once"
    assert described(first, None, "x" * 300).last_handled_refresh == "x" * 255 + "…"


def test_the_revision_stands_for_the_targets_and_fits_its_field() -> None:
    targets = reported(planned(FULL)).targets
    assert revision(targets) != revision(targets[:1])
    assert revision(targets) != revision([targets[0], targets[1].model_copy(update={"revision": "other"})])
    assert len(revision(targets * 30)) <= 64


def test_the_revision_of_a_status_stands_for_every_target() -> None:
    def targets(last: str) -> list[TargetStatus]:
        return [
            TargetStatus(kind="Secret", name=f"t{number}", uid="u", key_count=1, revision=f"{number:016}")
            for number in range(5)
        ] + [TargetStatus(kind="Secret", name="t5", uid="u", key_count=1, revision=last)]

    assert revision(targets("a" * 16)) != revision(targets("b" * 16))
