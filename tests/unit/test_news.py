"""What Parameter Store has of the keys of a sync that the cluster has not."""

from dataclasses import replace
from datetime import timedelta

from paramsync.core.explaining import explain
from paramsync.core.news import by_key, news, with_new
from paramsync.core.parameters import Snapshot
from paramsync.core.tracing import KeyTrace, TargetTrace

from .builders import CONFIG_MAP, NOW, SECRET, parameter, secure, snapshot
from .test_explaining import OWN, SHARED, SPEC
from .test_tracing import keys, traced

WRITTEN = keys(traced(SPEC, SHARED, OWN))


def told(key: str, own: Snapshot, shared: Snapshot = SHARED) -> tuple[str, ...]:
    return news(WRITTEN[key], by_key(explain(SPEC, "app", [shared, own])))


def changed(*parameters: str, **fields: object) -> Snapshot:
    """OWN with other versions of some parameters."""
    found = dict(OWN.parameters)
    for name in parameters:
        found[name] = replace(found[name], stamp=replace(found[name].stamp, **fields))  # type: ignore[arg-type]
    return replace(OWN, parameters=found)


def without(*names: str) -> Snapshot:
    return replace(OWN, parameters={name: each for name, each in OWN.parameters.items() if name not in names})


def test_what_was_written_is_no_news() -> None:
    assert {key: told(key, OWN) for key in WRITTEN} == dict.fromkeys(WRITTEN, ())


def test_a_newer_version() -> None:
    own = changed("/prod/pay/host", version=3, modified=NOW)
    line = "/prod/pay/host has version 3 of 2026-03-01T12:00:00Z in Parameter Store, and version 2 was written"
    assert told("HOST", own) == (line,)
    assert told("URL", own) == (line,)
    assert told("PGPORT", own) == ()


def test_a_parameter_that_was_made_again_has_the_same_version_and_another_date() -> None:
    assert len(told("PGPORT", changed("/prod/pay/port", modified=NOW + timedelta(days=1)))) == 1


def test_another_source_wins() -> None:
    (added, gone) = told("HOST", without("/prod/pay/host"))
    assert added == "Parameter Store makes it of /shared/host, too, version 1 of 2026-03-01T12:00:00Z"
    assert gone == "/prod/pay/host is no longer a part of it in Parameter Store"


def test_a_key_that_goes() -> None:
    assert told("PGPORT", without("/prod/pay/port")) == (
        "Parameter Store gives this key no longer, or it cannot be made",
    )


def test_what_had_no_room_cannot_be_compared() -> None:
    part = replace(WRITTEN["HOST"].parts[0], version=None, modified=None)
    origins = by_key(explain(SPEC, "app", [SHARED, OWN]))
    for known in (part, replace(part, parameter=None)):
        (told,) = news(replace(WRITTEN["HOST"], parts=(known,)), origins)
        assert told.startswith("it cannot be compared: the annotation had no room for what was written.")
        assert "Parameter Store has /prod/pay/host, version" in told


def test_new_keys_are_added_to_their_targets() -> None:
    more = snapshot(*OWN.parameters.values(), parameter("/prod/pay/zone", "a"), path="/prod/pay")
    origins = by_key(explain(SPEC, "app", [SHARED, more]))
    found = with_new([*traced(SPEC, SHARED, OWN), TargetTrace(SECRET, (), "you may not read it")], origins)
    assert [[key.key for key in each.keys] for each in found] == [
        ["APP_BLOB", "HOST", "PGPORT", "app.json", "ZONE"],
        ["URL"],
        ["URL"],
    ]
    assert news(KeyTrace(CONFIG_MAP, "ZONE", None), origins) == (
        "Parameter Store makes it of /prod/pay/zone, version 1 of 2026-03-01T12:00:00Z",
    )


def test_no_value_is_told() -> None:
    origins = by_key(
        explain(SPEC, "app", [SHARED, snapshot(secure("/prod/pay/password", "hunter2"), path="/prod/pay")])
    )
    assert "hunter2" not in repr([news(each, origins) for each in WRITTEN.values()])
