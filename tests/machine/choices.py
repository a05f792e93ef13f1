"""What the machine draws from: few names, paths and targets, so that things meet often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from tests.unit.builders import ACCOUNT, REGION

from .cluster import target_place
from .line import FAULTS
from .world import DELAYS

if TYPE_CHECKING:
    from tests.model.objects import Json

HOME: Final = (ACCOUNT, REGION)
OTHER_REGION: Final = "eu-central-1"

PAY, DB, SHARED = "/prod/pay", "/prod/pay/db", "/shared"
RELATIVES: Final = ("host", "port", "password", "token", "db/host", "db/user", "db/password")
ODD: Final = ("db-host", "1st")
"""One shares its key with another, one cannot be a key."""

SYNCS: Final = ("one", "two")

SOURCES: Final[tuple[list[Json], ...]] = (
    [{"path": PAY}],
    [{"path": PAY, "optional": True}],
    [{"path": PAY, "include": ["db/**"]}],
    [{"path": PAY, "exclude": ["**/password"]}],
    [{"path": PAY, "recursive": False}],
    [{"path": SHARED}, {"path": PAY}],
    [{"path": SHARED, "optional": True}, {"path": PAY}],
    [{"path": PAY}, {"path": SHARED, "optional": True}],
    [{"path": PAY}, {"path": DB}],
    [{"path": SHARED}],
)
TARGETS: Final[tuple[list[Json] | None, ...]] = (
    None,
    None,
    [{"kind": "Secret"}],
    [{"kind": "ConfigMap"}],
    [{"kind": "Secret", "name": "common"}, {"kind": "ConfigMap"}],
    [{"kind": "Secret"}, {"kind": "ConfigMap", "name": "common"}],
    [{"kind": "Secret", "types": ["SecureString", "String"]}, {"kind": "ConfigMap", "types": ["StringList"]}],
    [{"kind": "Secret"}, {"kind": "Secret", "name": "common", "types": ["String"]}, {"kind": "ConfigMap"}],
)

names = st.sampled_from(
    [f"{path}/{name}" for path in (PAY, PAY, SHARED) for name in RELATIVES] + [f"{PAY}/{each}" for each in ODD]
)
types = st.sampled_from(("String", "String", "SecureString", "SecureString", "StringList"))
syncs = st.sampled_from(SYNCS)
targets = st.sampled_from([target_place(kind, name) for kind in ("Secret", "ConfigMap") for name in (*SYNCS, "common")])
keys = st.sampled_from(("HOST", "PASSWORD", "DB_HOST", "DB_PASSWORD", "STRAY"))
managers = st.sampled_from(("kubectl-edit", "helm", "paramsync"))
faults = st.sampled_from(FAULTS)
hints = st.sampled_from(sorted(DELAYS))
failures = st.sampled_from(("throttled", "unavailable", "denied", "partial"))
outages = st.sampled_from(("throttled", "unavailable"))
few = st.integers(0, 8)
"""Requests."""

pauses = st.sampled_from((0.0, 0.02, 1.0, 5.0, 50.0, 70.0, 130.0))
"""Seconds after a step: some are enough for half a reconcile, others for a change to settle or a removal."""

whiles = st.sampled_from((1.0, 30.0, 60.0, 130.0, 700.0))
"""Seconds for which something lasts."""


GUARDS: Final[tuple[Json, ...]] = (
    {},
    {},
    {"guard": {"maxRemovals": "50%"}},
    {"guard": {"maxRemovals": 3}},
    {"mode": "Plan"},
    {"deletionPolicy": "Retain"},
)


MARKS: Final[tuple[Json, ...]] = (
    {"labels": {"team": "pay"}, "annotations": {"reloader": "on"}},
    {"labels": {"team": None}},
    {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
    {"labels": {"app.kubernetes.io/managed-by": None}},
    {"labels": None, "annotations": None},
    {"annotations": {"paramsync.dev/provenance": "{}", "paramsync.dev/plain-keys": None}},
    {"annotations": {"paramsync.dev/adopt": "one"}},
    {"annotations": {"paramsync.dev/adopt": "two"}, "labels": {"app.kubernetes.io/managed-by": None}},
    {"ownerReferences": None},
    {"managedFields": [{}]},
    {"finalizers": ["example.org/hold"]},
    {"finalizers": None},
)
"""What people and tools do to the metadata of an object."""

MADE: Final[tuple[Json, ...]] = (
    {},
    {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
    {"labels": {"app.kubernetes.io/managed-by": "paramsync"}},
    {"labels": {"app.kubernetes.io/managed-by": "paramsync"}, "annotations": {"paramsync.dev/sync": "one"}},
    {"annotations": {"paramsync.dev/adopt": "one", "team": "pay"}},
)
"""The metadata of objects that others make."""

marks, made = st.sampled_from(MARKS), st.sampled_from(MADE)


def _spec(sources: list[Json], targets: list[Json] | None, interval: str, guard: Json) -> Json:
    made: dict[str, Any] = {"sources": sources, "interval": interval, **guard}
    return made if targets is None else {**made, "targets": targets}


specs = st.builds(
    _spec,
    st.sampled_from(SOURCES),
    st.sampled_from(TARGETS),
    st.sampled_from(("1m", "1m", "5m", "15m")),
    st.sampled_from(GUARDS),
)
