"""What one sync may ask for: more is refused before it is done, and says what to ask for instead."""

import json
import tracemalloc
from collections.abc import Mapping

import pytest

from paramsync.core import effort
from paramsync.core.reasons import Reason
from paramsync.core.shaping import templates
from paramsync.core.shaping.filters import FILTERS

from .builders import CONFIG_MAP, SECRET, parameter, planned, secure, snapshot
from .test_shaped_plans import data, problems, spec

MIB = 2**20
GLOBS = [f"**/{number}*/**/x" for number in range(32)]
DEEP = [parameter(f"/prod/pay/team/service/component/p{number}", "v") for number in range(1000)]


def peak(of: Mapping[str, object], *held: object) -> float:
    """MiB that a plan takes at most, beside what there is."""
    tracemalloc.start()
    planned(snapshot(*held), spec=spec(of))  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / MIB


def test_patterns_times_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [{"key": f"f{number}", "format": "JSON", "include": ["**"], "exclude": GLOBS} for number in range(8)]
    targets = [{"kind": "ConfigMap", "name": f"t{number}", "exclude": GLOBS, "files": files} for number in range(16)]
    compared: list[str] = []
    monkeypatch.setattr("paramsync.core.want.any_matches", lambda patterns, name: compared.append(name))
    (problem,) = planned(snapshot(*DEEP), spec=spec(*targets)).problems
    assert (problem.reason, problem.subject) == (Reason.TOO_LARGE, "spec")
    assert "the patterns of targets, files and contract" in problem.message
    assert "Write fewer patterns, or split" in problem.message
    assert compared == [], "it is refused before it is done"


def test_patterns_of_sources_are_bounded() -> None:
    sources = [{"path": f"/prod/pay{number}", "exclude": GLOBS, "include": GLOBS} for number in range(16)]
    made = spec({"kind": "ConfigMap"}, sources=sources, expand=dict.fromkeys(GLOBS, "JSON"))
    (problem,) = planned(*[snapshot(*DEEP)] * 16, spec=made).problems
    assert problem.reason is Reason.TOO_LARGE
    assert "sources, expand and decode" in problem.message


def test_ten_thousand_names_may_have_many_patterns() -> None:
    effort.check_targets(spec({"kind": "ConfigMap", "include": GLOBS, "exclude": ["a/b", "c/**"]}), 10_000)


def test_fields_are_bounded() -> None:
    content = json.dumps({f"f{number}": 0 for number in range(400)})
    held = [parameter(f"/prod/pay/p{number:03}", content) for number in range(51)]
    of = {"kind": "ConfigMap", "include": ["p000/*"]}
    assert problems(planned(snapshot(*held[:50]), spec=spec(of, expand={"*": "JSON"}))) == []
    (problem,) = planned(snapshot(*held), spec=spec(of, expand={"*": "JSON"})).problems
    assert (problem.reason, problem.subject) == (Reason.TOO_LARGE, "/prod/pay/p050")
    assert "more than 20,000 fields" in problem.message


def test_entries_of_files_are_bounded() -> None:
    held = [parameter(f"/prod/pay/p{number}", "v") for number in range(1000)]
    files = [{"key": f"f{number}", "format": "JSON"} for number in range(8)]
    targets = [{"kind": "ConfigMap", "name": f"t{number}", "files": files} for number in range(13)]
    assert problems(planned(snapshot(*held), spec=spec(*targets[:12]))) == []
    (problem,) = planned(snapshot(*held), spec=spec(*targets)).problems
    assert problem.reason is Reason.TOO_LARGE
    assert "104,000 entries" in problem.message


def test_a_reference_has_few_filters() -> None:
    assert templates.parse("${a|json|json|json|json}").references == ("a",)
    with pytest.raises(ValueError, match=r"at character 3: \$\{a\|…\} has 5 filters, and 4 are allowed"):
        templates.parse("x ${a|json|json|json|json|json}")


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_text_stops_growing_where_it_is_too_large(name: str) -> None:
    reference = f"${{a|{'|'.join([name] * 4)}}}"
    of = {"kind": "ConfigMap", "compose": {f"X{number}": reference * 40 for number in range(32)}}
    held = parameter("/prod/pay/a", '"' * 512)
    (problem,) = planned(snapshot(held), spec=spec(of)).problems
    assert (problem.reason, problem.subject) == (Reason.TOO_LARGE, str(CONFIG_MAP))
    assert peak(of, held) < 16


def test_files_stop_where_they_are_too_large() -> None:
    held = [parameter(f"/prod/pay/p{number}", "v" * 4000) for number in range(500)]
    of = {"kind": "ConfigMap", "files": [{"key": f"f{number}", "format": "YAML"} for number in range(8)]}
    (problem,) = planned(snapshot(*held), spec=spec(of)).problems
    assert (problem.reason, problem.subject) == (Reason.TOO_LARGE, str(CONFIG_MAP))
    assert peak(of, *held) < 16


def test_how_large_a_secret_would_be_is_not_told() -> None:
    told = {
        planned(
            snapshot(secure(value="v" * length)),
            spec=spec({"kind": "Secret", "compose": {f"X{number}": "${password}" * 170 for number in range(4)}}),
        ).problems
        for length in (2000, 2001)
    }
    ((problem,),) = told
    assert (problem.reason, problem.subject) == (Reason.TOO_LARGE, str(SECRET))


def test_lists_that_are_nested_too_deeply_are_named() -> None:
    for depth in (900, 5000, 20_000):
        content = '{"a":' + "[" * depth + "]" * depth + "}"
        plan = planned(
            snapshot(parameter("/prod/pay/app", content)), spec=spec({"kind": "ConfigMap"}, expand={"app": "JSON"})
        )
        assert problems(plan) == [(Reason.INVALID_VALUE, "/prod/pay/app")] or data(plan)
