"""Where parameters go, known without their values."""

from collections.abc import Mapping

from hypothesis import given

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.explaining import explain
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.places import placed
from paramsync.core.values import NOT_OPENED, SecureValue

from . import strategies
from .builders import STRING_LIST, parameter, secure, snapshot

SPEC = ParameterSyncSpec.model_validate(
    {
        "sources": [{"path": "/shared", "exclude": ["debug/**"]}, {"path": "/prod/pay"}],
        "expand": {"app": "JSON", "sealed": "JSON"},
        "keys": {"rename": {"port": "PGPORT"}},
        "targets": [
            {"kind": "Secret", "include": ["password"], "compose": {"URL": "${host}:${password}"}},
            {
                "kind": "ConfigMap",
                "exclude": ["idle"],
                "files": [{"key": "a.json", "format": "JSON", "include": ["zones"]}],
            },
        ],
    }
)
SHARED = snapshot(parameter("/shared/host"), parameter("/shared/debug/on"), parameter("/shared/idle"), path="/shared")
OWN = snapshot(
    parameter("/prod/pay/app", '{"level": "info", "name": "x"}'),
    parameter("/prod/pay/host"),
    parameter("/prod/pay/port"),
    parameter("/prod/pay/1st"),
    parameter("/prod/pay/zones", "a,b", kind=STRING_LIST),
    secure("/prod/pay/password", "hunter2"),
    secure("/prod/pay/sealed", '{"a": "b"}'),
)


def closed(made: Snapshot) -> Snapshot:
    """The same without the values of SecureStrings."""

    def of(each: Parameter) -> Parameter:
        return Parameter(each.stamp, NOT_OPENED) if isinstance(each.value, SecureValue) else each

    return Snapshot(made.subtree, {name: of(each) for name, each in made.parameters.items()}, made.began)


def told(spec: ParameterSyncSpec, *snapshots: Snapshot) -> Mapping[str, object]:
    found = placed(spec, "app", list(map(closed, snapshots)))
    return {
        name: [f"{each.target} {each.key}" for each in place.places] or place.why for (_, name), place in found.items()
    }


def test_everything_is_placed_or_said_to_be_nowhere() -> None:
    assert told(SPEC, SHARED, OWN) == {
        "/shared/host": "/prod/pay/host overlays it",
        "/shared/debug/on": "include or exclude leaves it out",
        "/shared/idle": "no target takes it",
        "/prod/pay/app": ["ConfigMap app APP_LEVEL", "ConfigMap app APP_NAME"],
        "/prod/pay/host": ["ConfigMap app HOST", "Secret app URL"],
        "/prod/pay/port": ["ConfigMap app PGPORT"],
        "/prod/pay/1st": "it gets no key: Parameter /prod/pay/1st cannot become a key: 1ST is no name of an environment"
        " variable; name one in keys.rename (1st: _1ST), begin all with keys.prefix, or write keys.style: Path",
        "/prod/pay/zones": ["ConfigMap app a.json"],
        "/prod/pay/password": ["Secret app PASSWORD", "Secret app URL"],
        "/prod/pay/sealed": "it is taken apart: its value says where its fields go",
    }


def test_what_a_config_map_refuses_goes_nowhere() -> None:
    files = [{"key": "a.yaml", "format": "YAML", "include": ["host", "password"]}]
    target = {"kind": "ConfigMap", "include": ["host", "password"], "files": files, "compose": {"URL": "${password}"}}
    spec = ParameterSyncSpec.model_validate({"sources": [{"path": "/prod/pay"}], "targets": [target]})
    found = told(spec, snapshot(parameter("/prod/pay/host"), secure("/prod/pay/password", "hunter2")))
    assert found["/prod/pay/host"] == "it gets no key: paramsync plan says why"
    assert found["/prod/pay/password"] != ["ConfigMap app URL"]


@given(strategies.situations(legal=True))
def test_it_is_where_the_explanation_says(situation: tuple[ParameterSyncSpec, list[Snapshot]]) -> None:
    spec, snapshots = situation
    keys = {
        (origin.parameter, made.target, made.key)
        for made in explain(spec, "app", snapshots)
        for origin in made.parameters
    }
    found = placed(spec, "app", list(map(closed, snapshots)))
    assert {(name, each.target, each.key) for (_, name), place in found.items() for each in place.places} == keys
