"""Which target takes which parameters."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from pydantic import ValidationError

from paramsync.api.sync import ParameterSyncSpec, ParameterType, SecretType, TargetKind
from paramsync.core.overlay import Selected
from paramsync.core.routing import PLAIN, SECURE, Route, TargetRef, route, routes, wants_secure

from . import builders, strategies
from .builders import CONFIG_MAP, SECRET, SECURE_STRING, STRING, STRING_LIST, selected, spec, target

ALL = PLAIN | SECURE


@pytest.mark.parametrize("types", [[SECURE_STRING], [STRING, SECURE_STRING], list(ParameterType)], ids=str)
def test_a_config_map_with_secure_strings_cannot_be_made(types: list[ParameterType]) -> None:
    with pytest.raises(ValueError, match="never takes SecureString"):
        Route(CONFIG_MAP, frozenset(types))
    with pytest.raises(ValidationError, match="never takes SecureString"):
        target(TargetKind.CONFIG_MAP, types=types)


def test_a_sync_without_targets_has_a_secret_and_a_config_map_of_its_name() -> None:
    assert routes(spec(), "app") == (Route(SECRET, SECURE), Route(CONFIG_MAP, PLAIN))


@pytest.mark.parametrize(
    ("kinds", "types"),
    [
        ([TargetKind.SECRET], [ALL]),
        ([TargetKind.CONFIG_MAP], [PLAIN]),
        ([TargetKind.SECRET, TargetKind.CONFIG_MAP], [SECURE, PLAIN]),
        ([TargetKind.CONFIG_MAP, TargetKind.SECRET], [PLAIN, SECURE]),
    ],
    ids=["Secret alone", "ConfigMap alone", "both", "both the other way round"],
)
def test_types_default_by_kind(kinds: list[TargetKind], types: list[Iterable[ParameterType]]) -> None:
    made = routes(spec(targets=[target(kind) for kind in kinds]), "app")
    assert [(each.ref, each.types) for each in made] == [
        (TargetRef(kind, "app"), each) for kind, each in zip(kinds, types, strict=True)
    ]


def test_types_that_are_given_count() -> None:
    made = routes(
        spec(targets=[target(TargetKind.SECRET, "all", types=ParameterType), target(types=[STRING_LIST])]), "app"
    )
    assert made == (
        Route(TargetRef(TargetKind.SECRET, "all"), ALL),
        Route(SECRET, frozenset({STRING_LIST})),
    )


def test_a_secret_is_opaque_unless_its_type_is_given() -> None:
    made = routes(spec(targets=[target(), target(name="tls", secret_type=SecretType.TLS)]), "app")
    assert [each.secret_type for each in made] == [SecretType.OPAQUE, SecretType.TLS]


@pytest.mark.parametrize("secret_type", SecretType)
def test_a_config_map_has_no_secret_type(secret_type: SecretType) -> None:
    with pytest.raises(ValidationError, match="a ConfigMap has no type"):
        target(TargetKind.CONFIG_MAP, secret_type=secret_type)


def test_a_target_that_is_named_like_the_sync_and_one_without_a_name_are_the_same() -> None:
    with pytest.raises(ValueError, match=r"two targets are the same object.*named app"):
        routes(spec(targets=[target(), target(name="app")]), "app")


@pytest.mark.parametrize(
    ("targets", "wants"),
    [
        (None, True),
        ([target(TargetKind.CONFIG_MAP)], False),
        ([target(TargetKind.SECRET, types=[STRING])], False),
        ([target(TargetKind.SECRET)], True),
        ([{"kind": "Secret", "types": ["String"], "compose": {"A": "x"}}], False),
        ([{"kind": "Secret", "types": ["String"], "compose": {"A": "${x}"}}], True),
    ],
    ids=["default", "a ConfigMap", "a Secret for plain ones", "a Secret", "a fixed text", "a text that refers to one"],
)
def test_secure_strings_are_wanted_only_if_a_target_takes_them(targets: object, wants: bool) -> None:
    made = ParameterSyncSpec.model_validate({"sources": [{"path": "/prod/pay"}], "targets": targets})
    assert wants_secure(routes(made, "app")) is wants


def test_what_no_target_takes_is_skipped() -> None:
    plain, secure = selected(), selected(builders.secure())
    taken, skipped = route({"host": plain, "password": secure}, [Route(CONFIG_MAP, PLAIN)])
    assert taken == {CONFIG_MAP: [plain]}
    assert skipped == [secure]


def test_several_targets_may_take_the_same_parameter() -> None:
    plain = selected()
    taken, skipped = route({"host": plain}, [Route(SECRET, ALL), Route(CONFIG_MAP, PLAIN)])
    assert taken == {SECRET: [plain], CONFIG_MAP: [plain]}
    assert skipped == []


@given(strategies.specs(), strategies.selections())
def test_a_secure_parameter_never_lands_in_a_config_map(spec: ParameterSyncSpec, found: list[Selected]) -> None:
    made = routes(spec, "app")
    taken, skipped = route({each.relative: each for each in found}, made)
    for ref, chosen in taken.items():
        if ref.kind is TargetKind.CONFIG_MAP:
            assert all(each.parameter.stamp.type is not SECURE_STRING for each in chosen)
            assert all(type(each.parameter.value) is str for each in chosen)
    routed = [each for chosen in taken.values() for each in chosen]
    assert all((each in routed) != (each in skipped) for each in found)
