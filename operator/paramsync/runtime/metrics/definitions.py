"""All metrics of the operator: names, labels and meaning, each in one place.

Names, units and types follow Prometheus's conventions (prometheus.io/docs/practices/naming). The reference in the
documentation is made from this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from paramsync.api.sources import StoreKind
from paramsync.api.sync import TargetKind


class Kind(StrEnum):
    """The type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric."""

    name: str
    """As Prometheus shows it."""

    kind: Kind
    help: str
    """What Prometheus shows of it: one sentence."""

    labels: tuple[str, ...] = ()
    more: str = ""
    """What the reference says besides, in Markdown."""

    buckets: tuple[float, ...] = ()
    """Upper bounds in seconds, of a histogram."""


DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAITS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)

SYNC: Final = ("namespace", "name")
FEED: Final = ("account", "region", "path", "label")
PLACE: Final = ("account", "region")

Written: TypeAlias = TargetKind | StoreKind | Literal["ParameterSync", "Event"]
"""The kinds of objects of which writes are counted."""

REQUEST: Final = ("operation", "outcome", "store")

SYNC_READY: Final = Definition(
    "paramsync_sync_ready",
    Kind.GAUGE,
    "1 while a sync is Ready, 0 while it is not.",
    SYNC,
    "Absent until its first reconcile ended, and after its deletion.",
)
SYNC_REASON: Final = Definition(
    "paramsync_sync_reason",
    Kind.GAUGE,
    "1 for the reason that a sync has at present.",
    (*SYNC, "reason"),
    "The reason is that of its condition Ready, of the [closed list](reasons.md). There is one such series for a sync.",
)
SYNC_LISTED: Final = Definition(
    "paramsync_sync_last_listing_timestamp_seconds",
    Kind.GAUGE,
    "When the last complete listing of all of a sync's sources began.",
    SYNC,
    "Of several sources, the oldest. Brought up to date when the sync is reconciled. Absent until there was one since"
    " the start.",
)
SYNC_GOOD: Final = Definition(
    "paramsync_sync_last_good_timestamp_seconds",
    Kind.GAUGE,
    "When the listing began that a sync's targets were last found to hold, or were brought to.",
    SYNC,
    "Of several sources, the oldest. Unlike the last listing it stands still while anything keeps the contents from the"
    " targets: a hold, a value that cannot be decrypted, two names for one key, a refused write. In mode `Plan` it"
    " does while there is anything to do. Brought up to date when the sync is reconciled. After a start, for a sync"
    " that is not Ready, it is when that ceased to be so. Absent while the targets were never seen to hold what was"
    " listed.",
)
SYNC_INTERVAL: Final = Definition(
    "paramsync_sync_interval_seconds",
    Kind.GAUGE,
    "The interval that a sync asks for.",
    SYNC,
    "To compare the age of its data with. Absent while its spec is not valid.",
)
SYNC_HELD: Final = Definition(
    "paramsync_sync_held_actions",
    Kind.GAUGE,
    "Actions of a sync that are held until they are approved.",
    SYNC,
    "0 while nothing is held; more than 0 for as long as [the guard](../guard.md) holds a plan. A hold that is about"
    " no single action counts as 1.",
)
SYNCS: Final = Definition(
    "paramsync_syncs",
    Kind.GAUGE,
    "Syncs by the reason that they have at present, and by whether they are Ready.",
    ("reason", "ready"),
    "`ready` is `true` or `false`. There whether or not syncs have series of their own.",
)
FEEDS: Final = Definition(
    "paramsync_feeds", Kind.GAUGE, "Subtrees that are polled.", (), "Several syncs of one path count once."
)
FEED_LISTED: Final = Definition(
    "paramsync_feed_last_listing_timestamp_seconds",
    Kind.GAUGE,
    "When the last complete listing of a subtree began.",
    FEED,
    "`label` is the version label, empty without one. What several identities of an account list, or with and without"
    " `recursive`, has one series: the oldest. Absent until there was a listing.",
)
FEED_ERROR: Final = Definition(
    "paramsync_feed_error",
    Kind.GAUGE,
    "1 while the last attempt to read a subtree failed.",
    (*FEED, "reason"),
    "Absent while it can be read.",
)
SSM_REQUESTS: Final = Definition(
    "paramsync_ssm_requests_total",
    Kind.COUNTER,
    "Requests to SSM by operation and outcome.",
    REQUEST,
    "`GetParametersByPath`, one for each page, and `GetParameters`, one for up to ten values. The outcome is `ok`, a"
    " reason such as `Throttled`, or `error` for a defect.",
)
STS_REQUESTS: Final = Definition(
    "paramsync_sts_requests_total",
    Kind.COUNTER,
    "Requests to STS by operation and outcome.",
    REQUEST,
    "`AssumeRole`, `AssumeRoleWithWebIdentity` and `GetCallerIdentity`. Outcomes as above.",
)
DECRYPTIONS: Final = Definition(
    "paramsync_decryptions_total",
    Kind.COUNTER,
    "SecureStrings that were decrypted.",
    ("operation",),
    "By `GetParametersByPath`, which decrypts all of a path when it is first listed, and by `GetParameters`, for those"
    " that are new or have changed since. SSM asks KMS once for each.",
)
DECRYPTED_BYTES: Final = Definition(
    "paramsync_decrypted_bytes",
    Kind.GAUGE,
    "Decrypted values held in memory.",
    (),
    "At most `maxDecryptedMiB` of the [settings](settings.md).",
)
BUDGET_RATE: Final = Definition(
    "paramsync_api_budget_rate",
    Kind.GAUGE,
    "Requests a second that the budget lets through now.",
    PLACE,
    "Lower than the configured one for a while after AWS throttled.",
)
BUDGET_WAIT: Final = Definition(
    "paramsync_api_budget_wait_seconds",
    Kind.HISTOGRAM,
    "How long requests waited for their turn in the budget.",
    PLACE,
    buckets=WAITS,
)
BUDGET_WAITING: Final = Definition(
    "paramsync_api_budget_waiting", Kind.GAUGE, "Requests that wait for their turn.", PLACE
)
BUDGET_STRETCH: Final = Definition(
    "paramsync_api_budget_stretch_ratio",
    Kind.GAUGE,
    "By which factor intervals are longer than asked for.",
    PLACE,
    "1 while the budget serves all.",
)
THROTTLED: Final = Definition(
    "paramsync_api_throttled_requests_total", Kind.COUNTER, "Requests that AWS throttled.", PLACE
)
RECONCILES: Final = Definition(
    "paramsync_reconciles_total",
    Kind.COUNTER,
    "Reconciles by how they ended.",
    ("reason",),
    "Those that ended with a status, by its [reason](reasons.md).",
)
RECONCILE_SECONDS: Final = Definition(
    "paramsync_reconcile_duration_seconds",
    Kind.HISTOGRAM,
    "How long a reconcile takes.",
    (),
    "Of every reconcile, including those that only wait for a listing.",
    DURATIONS,
)
QUEUE_WAIT: Final = Definition(
    "paramsync_queue_wait_seconds",
    Kind.HISTOGRAM,
    "How long syncs that were due waited for a worker.",
    buckets=WAITS,
)
QUEUE_DEPTH: Final = Definition(
    "paramsync_queue_depth", Kind.GAUGE, "Syncs that are due and wait for a worker.", (), "There are 8 of them."
)
WRITES: Final = Definition(
    "paramsync_kubernetes_writes_total",
    Kind.COUNTER,
    "Writes to the API server by what was written and how that ended.",
    ("kind", "result"),
    "By `Secret`, `ConfigMap`, `Event`, and, each for its status, `ParameterSync`, `ClusterParameterStore` and"
    " `ParameterStore`; the Lease is not counted. The result is `ok`, `Conflict` (somebody else was faster),"
    " `NotFound`, `NamespaceEnds`, `Forbidden` (by rights or an admission policy), `Refused`, `Unavailable`, or `error`"
    " for a defect.",
)
REPAIRS: Final = Definition(
    "paramsync_drift_repairs_total",
    Kind.COUNTER,
    "Targets that somebody had changed and that were put back.",
    ("kind", "drift"),
    "By `Secret` and `ConfigMap`, and by what was wrong: `deleted`, `keys`, or `metadata` (label, annotations, owner).",
)
UNREADABLE: Final = Definition(
    "paramsync_unreadable_namespaces",
    Kind.GAUGE,
    "Namespaces of watchNamespaces that cannot be read.",
    (),
    "They do not exist, or the Role in them is missing.",
)
LEADER: Final = Definition(
    "paramsync_leader", Kind.GAUGE, "1 while this replica writes, 0 while it waits.", (), "It waits for the Lease."
)
BUILD: Final = Definition("paramsync_build_info", Kind.INFO, "The operator's version.", ("version",), "Always 1.")

GROUPS: Final[Mapping[str, tuple[Definition, ...]]] = {
    "Syncs": (SYNC_READY, SYNC_REASON, SYNC_LISTED, SYNC_GOOD, SYNC_INTERVAL, SYNC_HELD, SYNCS),
    "Subtrees": (FEED_LISTED, FEED_ERROR, FEEDS, DECRYPTIONS, DECRYPTED_BYTES),
    "Requests to AWS": (
        SSM_REQUESTS,
        STS_REQUESTS,
        THROTTLED,
        BUDGET_RATE,
        BUDGET_WAIT,
        BUDGET_WAITING,
        BUDGET_STRETCH,
    ),
    "Work in the cluster": (
        RECONCILES,
        RECONCILE_SECONDS,
        QUEUE_WAIT,
        QUEUE_DEPTH,
        WRITES,
        REPAIRS,
        UNREADABLE,
    ),
    "The process": (LEADER, BUILD),
}
"""The metrics by what they are about, as the reference shows them."""
