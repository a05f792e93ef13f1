"""Hypothesis strategies for what the rules work on. Names collide often, on purpose."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from hypothesis import strategies as st

from paramsync.api.shaping import File, FileFormat
from paramsync.api.sources import Source
from paramsync.api.stores import AccessRule
from paramsync.api.sync import ParameterSyncSpec, ParameterType, Target, TargetKind
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.provenance import Entry, Origin, Provenance
from paramsync.core.values import SecureValue

from . import builders
from .builders import NOW, REGION, target

PATHS = ("/prod/pay", "/prod/payroll", "/shared", "/shared/pay")
SEGMENTS = ("db", "host", "Host", "a.b", "a-b", "a_b", "password", "1st", "x")
RELATIVES = ("host", "Host", "port", "db/host", "db-host", "db/user", "a.b", "a/b", "password", "1st", "x/y/z", "_")
VALUES = ("", "plain", "hunter2", "ß")

types = st.sampled_from(ParameterType)
moments: st.SearchStrategy[datetime] = st.integers(0, 10_000_000).map(lambda ms: NOW + timedelta(milliseconds=ms))
segments = st.sampled_from(SEGMENTS) | st.text("abzAZ019._-", min_size=1, max_size=8).filter(
    lambda text: text not in {".", ".."}
)
relatives = st.lists(segments, min_size=1, max_size=3).map("/".join)
paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts))
namespaces = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
values = st.text(max_size=20).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
secure_values = st.binary(max_size=20).map(SecureValue)


@cache
def parameters(path: str = "/prod/pay") -> st.SearchStrategy[Parameter]:
    """Parameters whose names collide often; each from a single number, for speed."""
    return st.integers(0, len(RELATIVES) * len(ParameterType) * len(VALUES) * 4 - 1).map(lambda n: _parameter(path, n))


def _parameter(path: str, number: int) -> Parameter:
    number, name = divmod(number, len(RELATIVES))
    number, kind = divmod(number, len(ParameterType))
    number, value = divmod(number, len(VALUES))
    later, version = divmod(number, 2)
    return builders.parameter(
        f"{path}/{RELATIVES[name]}",
        VALUES[value],
        kind=list(ParameterType)[kind],
        version=version + 1,
        modified=NOW + timedelta(milliseconds=later),
    )


@cache
def listings(path: str = "/prod/pay") -> st.SearchStrategy[list[Parameter]]:
    """Parameters with different names."""
    return st.lists(parameters(path), max_size=7).map(
        lambda made: list({each.stamp.name: each for each in made}.values())
    )


def selections() -> st.SearchStrategy[list[Selected]]:
    return listings().map(lambda made: [builders.selected(each) for each in made])


@cache
def snapshots(path: str, *, settled: bool = False) -> st.SearchStrategy[Snapshot]:
    """Snapshots of a path.

    :param settled: whether all that they say may be acted on.
    """
    chance = st.just(-1) if settled else st.just(-1) | st.integers(0, 255)
    return st.builds(_snapshot, st.just(path), listings(path), chance)


def _snapshot(path: str, made: list[Parameter], settled: int) -> Snapshot:
    return builders.snapshot(
        *made,
        path=path,
        settled=bool(settled & 2),
        absence_settled=bool(settled & 1),
    )


def without_key_problems(found: list[Snapshot]) -> list[Snapshot]:
    """The snapshots without the parameters that cannot be keys or that claim another one's key."""
    claims: dict[str, str] = {}
    made = []
    for each in found:
        kept = {}
        for name, parameter in each.parameters.items():
            relative = each.subtree.relative_name(name)
            key = relative.translate(str.maketrans("/.-", "___")).upper()
            if not key[0].isdigit() and claims.setdefault(key, relative) == relative:
                kept[name] = parameter
        made.append(replace(each, parameters=kept))
    return made


SECRET, CONFIG_MAP = TargetKind
STRING, STRING_LIST, SECURE_STRING = ParameterType

DOTENV = File(key=".env", format=FileFormat.DOTENV, exclude=("password",))
YAML = File(key="app.yaml", format=FileFormat.YAML, include=("db/*", "password"))
WHOLE = File(key="app.json", format=FileFormat.JSON)

TARGETS: tuple[tuple[Target, ...] | None, ...] = (
    None,
    (Target(kind=CONFIG_MAP, files=(WHOLE,)), Target(kind=SECRET, files=(YAML,))),
    (Target(kind=CONFIG_MAP, files=(DOTENV,)), Target(kind=SECRET, types=(SECURE_STRING,), exclude=("db/*",))),
    (target(CONFIG_MAP),),
    (target(CONFIG_MAP, "one"), target(SECRET, "one")),
    (target(CONFIG_MAP, "one", types=[STRING]), target(CONFIG_MAP, "two", types=[STRING_LIST]), target(SECRET)),
    (target(SECRET, types=[SECURE_STRING]),),
    (target(SECRET, "two", types=[SECURE_STRING]), target(SECRET, "one", types=[SECURE_STRING])),
)
"""Secrets for secure parameters alone."""

MIXED_TARGETS: tuple[tuple[Target, ...] | None, ...] = (
    (Target(kind=SECRET, files=(DOTENV, YAML)),),
    (Target(kind=SECRET, files=(WHOLE,)), Target(kind=CONFIG_MAP, files=(YAML,))),
    (target(SECRET),),
    (target(SECRET, "one"), target(SECRET, "two", types=[STRING])),
    (target(SECRET, types=list(ParameterType)), target(CONFIG_MAP)),
    (target(SECRET, types=[STRING, SECURE_STRING]), target(CONFIG_MAP, types=[STRING_LIST])),
)
"""Secrets for plain parameters too."""


def _spec(paths: Sequence[str], optional: int, targets: tuple[Target, ...] | None) -> ParameterSyncSpec:
    sources = (Source(path=path, optional=True if optional >> place & 1 else None) for place, path in enumerate(paths))
    return ParameterSyncSpec(sources=tuple(sources), targets=targets)


@cache
def specs(*, plain_in_secrets: bool = True) -> st.SearchStrategy[ParameterSyncSpec]:
    """Specs with one or two sources.

    :param plain_in_secrets: whether Secrets may take plain parameters too.
    """
    return st.builds(
        _spec,
        st.sampled_from([*itertools.permutations(PATHS, 2), *((path,) for path in PATHS)]),
        st.integers(0, 3),
        st.sampled_from(TARGETS + (MIXED_TARGETS if plain_in_secrets else ())),
    )


@st.composite
def situations(
    draw: st.DrawFn, *, settled: bool = False, legal: bool = False, plain_in_secrets: bool = True
) -> tuple[ParameterSyncSpec, list[Snapshot]]:
    """A spec with a snapshot for each of its sources.

    :param legal: whether every relative name gives a key of its own.
    """
    spec = draw(specs(plain_in_secrets=plain_in_secrets))
    found = [draw(snapshots(each.path, settled=settled)) for each in spec.sources]
    return spec, without_key_problems(found) if legal else found


origins = st.builds(Origin, st.sampled_from(PATHS), st.none() | st.just(builders.ACCOUNT), st.just(REGION))

entries = st.builds(
    Entry,
    types,
    st.none() | st.integers(0, 3),
    st.none() | relatives,
    st.none() | st.integers(1, 10**9),
    st.none() | st.integers(0, 4 * 10**12),
    shadowed=st.lists(st.integers(0, 3), max_size=2).map(tuple),
    is_renamed=st.booleans(),
)

made_entries = (
    entries
    | st.builds(
        lambda whole, made, stored: replace(whole, made=made, stored=stored),
        entries,
        st.just("expand"),
        st.none() | relatives,
    )
    | st.builds(
        lambda kind, parts: Entry(kind, made="file:JSON", parts=tuple(parts)), types, st.lists(entries, max_size=4)
    )
)
"""Also of keys that are made of something else than the whole of one parameter."""

provenances = st.builds(
    Provenance,
    st.lists(origins, max_size=4).map(tuple),
    st.dictionaries(st.text("ABC_019", min_size=1, max_size=8), made_entries, max_size=8),
    st.frozensets(st.text("abc/", min_size=1, max_size=4), max_size=3),
    st.frozensets(st.text("abc/+", min_size=6, max_size=6), max_size=3),
    st.booleans(),
)

LABEL_KEYS = ("team", "example.com/team", "stage")

labels = st.dictionaries(st.sampled_from(LABEL_KEYS), st.just("") | segments.filter(lambda text: "/" not in text))
placeholders = st.sampled_from(["{namespace}", *(f"{{label:{key}}}" for key in LABEL_KEYS)])
path_patterns = st.lists(segments | placeholders, max_size=4).map(lambda parts: "/" + "/".join(parts))
namespace_patterns = namespaces | st.just("*") | namespaces.map(lambda name: f"{name[0]}*")


def _rule(patterns: list[str], selected: str | None, paths: list[str]) -> AccessRule:
    return builders.rule(patterns, paths, labels=None if selected is None else {"team": selected})


access_rules = st.builds(
    _rule,
    st.lists(namespace_patterns, min_size=1, max_size=3),
    st.none() | st.just("x"),
    st.lists(path_patterns, min_size=1, max_size=3),
)
