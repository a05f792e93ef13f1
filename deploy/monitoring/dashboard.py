"""The dashboard for Grafana: what is stale and what to do about it, then what may be the cause."""

from typing import Final

from deploy.monitoring.panels import Json, Panel, Query, Row, arranged, choice
from paramsync.core.remedies import REMEDIES

OPERATOR: Final = 'cluster=~"$cluster", job=~"$job"'
SYNCS: Final = f'{OPERATOR}, namespace=~"$namespace"'
EACH: Final = "cluster, namespace, name"
"""What tells one sync from another."""

READY: Final = f"max by ({EACH}) (paramsync_sync_ready{{{SYNCS}}})"
AGE: Final = f"time() - max by ({EACH}) (paramsync_sync_last_listing_timestamp_seconds{{{SYNCS}}})"
SINCE_GOOD: Final = f"time() - max by ({EACH}) (paramsync_sync_last_good_timestamp_seconds{{{SYNCS}}})"
INTERVAL: Final = f"max by ({EACH}) (paramsync_sync_interval_seconds{{{SYNCS}}})"
HELD: Final = f"max by ({EACH}) (paramsync_sync_held_actions{{{SYNCS}}})"
REASON: Final = f"topk by ({EACH}) (1, max by ({EACH}, reason) (paramsync_sync_reason{{{SYNCS}}} == 1))"
"""One for each sync, also while two replicas tell of it because the leader changed."""

AMISS: Final = f"({READY} == 0 or {HELD} > 0 or {AGE} > 3 * clamp_min({INTERVAL}, 60))"
"""The syncs that somebody should look at."""


def dashboard() -> Json:
    """The dashboard as Grafana reads it."""
    return {
        "title": "paramsync",
        "uid": "paramsync",
        "description": "Parameters of AWS SSM Parameter Store in Secrets and ConfigMaps: what is stale, and why.",
        "tags": ["paramsync"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                choice("cluster", "Cluster", "label_values(paramsync_build_info, cluster)"),
                choice("job", "Job", "label_values(paramsync_build_info, job)"),
                choice("namespace", "Namespace of syncs", "label_values(paramsync_sync_ready, namespace)"),
            ]
        },
        "panels": arranged([_stale(), _api(), _work(), _process()]),
    }


def _stale() -> Row:
    return Row(
        "What is stale, and what to do",
        [
            _number("Syncs", "All of them.", f"count({READY}) or vector(0)"),
            _number("Not Ready", "Their targets keep what they have.", f"count({READY} == 0) or vector(0)", worst=1),
            _number("Held", "Syncs whose changes wait for an approval.", f"count({HELD} > 0) or vector(0)", worst=1),
            _number(
                "Oldest data, in intervals",
                "Up to 2 is normal; above 3, ParamsyncStale fires.",
                f"max(({AGE}) / clamp_min({INTERVAL}, 60))",
                worst=3,
            ),
            Panel(
                "What to look at",
                "Syncs that are not Ready, held, or have data that is older than three of their intervals."
                " Last good: when the targets last held all that was listed."
                " `kubectl describe psync NAME -n NAMESPACE` shows the message, which names the parameter or object.",
                "table",
                [
                    Query(_with_remedy(f"{REASON} and on ({EACH}) {AMISS}"), "present"),
                    Query(_of_amiss(AGE), "age of the data"),
                    Query(_of_amiss(SINCE_GOOD), "since last good"),
                    Query(_of_amiss(INTERVAL), "interval"),
                    Query(_of_amiss(HELD), "held changes"),
                ],
                width=24,
                columns={
                    "cluster": {},
                    "namespace": {},
                    "name": {},
                    "reason": {},
                    "age of the data": {"unit": "dtdurations"},
                    "since last good": {"unit": "dtdurations"},
                    "interval": {"unit": "dtdurations"},
                    "held changes": {},
                    "remedy": {
                        "displayName": "what to do",
                        "mappings": [{"type": "value", "options": _remedies()}],
                        "custom.cellOptions": {"type": "auto", "wrapText": True},
                        "custom.width": 600,
                    },
                },
            ),
            Panel(
                "Age of the data, in intervals",
                "The ten oldest. A saw-tooth up to 2 is normal; what grows is not listed any more.",
                "timeseries",
                [Query(f"topk(10, ({AGE}) / clamp_min({INTERVAL}, 60))", "{{namespace}}/{{name}}")],
                bad_above=3,
            ),
            Panel(
                "Syncs by reason",
                "Of all namespaces. Nearly all should be Synced.",
                "timeseries",
                [Query(f"sum by (reason) (paramsync_syncs{{{OPERATOR}}})", "{{reason}}")],
            ),
            Panel(
                "Paths that cannot be read",
                "Every sync that reads one of them is concerned.",
                "table",
                [
                    Query(_feeds(f"paramsync_feed_error{{{OPERATOR}}} == 1", "reason, "), "present"),
                    Query(
                        f"time() - {_feeds(f'paramsync_feed_last_listing_timestamp_seconds{{{OPERATOR}}}')}"
                        f" and on (cluster, account, region, path, label) paramsync_feed_error{{{OPERATOR}}} == 1",
                        "age of the data",
                    ),
                ],
                columns={
                    "cluster": {},
                    "account": {},
                    "region": {},
                    "path": {},
                    "label": {},
                    "reason": {},
                    "age of the data": {"unit": "dtdurations"},
                },
            ),
        ],
    )


def _api() -> Row:
    return Row(
        "AWS",
        [
            _rates("Requests to SSM", "ssm_requests_total", "operation, outcome", "By how they ended."),
            _rates("Requests to STS", "sts_requests_total", "operation, outcome", "By how they ended."),
            Panel(
                "Requests that failed, by store",
                "Throttled ones are sent again; of those that are denied, the table above shows the paths.",
                "timeseries",
                [
                    Query(
                        f"sum by (store, outcome) (rate(paramsync_{service}_requests_total"
                        f'{{{OPERATOR}, outcome!="ok"}}[$__rate_interval])) > 0',
                        f"{service.upper()} {{{{store}}}} {{{{outcome}}}}",
                    )
                    for service in ("ssm", "sts")
                ],
                "reqps",
            ),
            Panel(
                "API budget",
                "What the budget lets through now; it is lower for a while after AWS throttled.",
                "timeseries",
                [
                    Query(
                        f"max by (account, region) (paramsync_api_budget_rate{{{OPERATOR}}})", "{{account}} {{region}}"
                    )
                ],
                "reqps",
            ),
            Panel(
                "Intervals are longer by the factor",
                "1 while the budget serves every interval; above 1.2, ParamsyncBudgetTooSmall fires.",
                "timeseries",
                [
                    Query(
                        f"max by (account, region) (paramsync_api_budget_stretch_ratio{{{OPERATOR}}})",
                        "{{account}} {{region}}",
                    )
                ],
                bad_above=1.2,
            ),
            _rates("Throttled by AWS", "api_throttled_requests_total", "account, region", "Now and then is normal."),
            Panel(
                "Requests that wait for the budget",
                "Some are always there while paths are listed.",
                "timeseries",
                [
                    Query(
                        f"sum by (account, region) (paramsync_api_budget_waiting{{{OPERATOR}}})",
                        "{{account}} {{region}}",
                    )
                ],
            ),
            _durations("Wait for the budget", "api_budget_wait_seconds", "Of one request.", "account, region, "),
            _rates("Decryptions", "decryptions_total", "operation", "SecureStrings; by GetParameters, what changed."),
        ],
    )


def _work() -> Row:
    return Row(
        "Work",
        [
            Panel(
                "Queue",
                "Syncs that are due and wait for a worker; it is empty most of the time.",
                "timeseries",
                [Query(f"sum(paramsync_queue_depth{{{OPERATOR}}})", "waiting")],
            ),
            _durations("Wait in the queue", "queue_wait_seconds", "From being due to a worker's beginning."),
            _durations("Reconciles", "reconcile_duration_seconds", "How long one takes."),
            _rates("Reconciles by reason", "reconciles_total", "reason", "How they ended.", unit="ops"),
            _rates("Writes", "kubernetes_writes_total", "kind, result", "Nothing is written that is as it should be."),
            _rates("Repairs", "drift_repairs_total", "kind, drift", "Targets that somebody had changed."),
        ],
    )


def _process() -> Row:
    return Row(
        "Process",
        [
            Panel(
                "Leader",
                "One replica has 1.",
                "timeseries",
                [Query(f"max by (instance) (paramsync_leader{{{OPERATOR}}})", "{{instance}}")],
                width=6,
            ),
            Panel(
                "Memory",
                "Of each replica, and the decrypted values in it.",
                "timeseries",
                [
                    Query(f"max by (instance) (process_resident_memory_bytes{{{OPERATOR}}})", "{{instance}}"),
                    Query(f"max by (instance) (paramsync_decrypted_bytes{{{OPERATOR}}})", "{{instance}} decrypted"),
                ],
                "bytes",
                width=6,
            ),
            Panel(
                "CPU",
                "Of each replica, in cores.",
                "timeseries",
                [
                    Query(
                        f"max by (instance) (rate(process_cpu_seconds_total{{{OPERATOR}}}[$__rate_interval]))",
                        "{{instance}}",
                    )
                ],
                width=6,
            ),
            Panel(
                "Up since",
                "A replica that lost the Lease starts anew.",
                "timeseries",
                [
                    Query(
                        f"max by (instance, version) (time() - process_start_time_seconds{{{OPERATOR}}}"
                        f" * on (cluster, job, instance) group_left (version) paramsync_build_info{{{OPERATOR}}})",
                        "{{instance}} {{version}}",
                    )
                ],
                "dtdurations",
                width=6,
            ),
        ],
    )


def _number(title: str, meaning: str, expression: str, *, worst: float | None = None) -> Panel:
    return Panel(title, meaning, "stat", [Query(expression)], width=6, height=4, bad_above=worst)


def _of_amiss(expression: str) -> str:
    """A figure of the syncs that somebody should look at, with their reasons."""
    return f"(({expression}) * on ({EACH}) group_left (reason) {REASON}) and on ({EACH}) {AMISS}"


def _with_remedy(expression: str) -> str:
    """The same with the reason once more, for what is to be done to stand in its place."""
    return f'label_replace({expression}, "remedy", "$1", "reason", "(.*)")'


def _remedies() -> Json:
    return {str(reason): {"text": text, "index": number} for number, (reason, text) in enumerate(REMEDIES.items())}


def _feeds(expression: str, more: str = "") -> str:
    return f"max by (cluster, account, region, path, {more}label) ({expression})"


def _rates(title: str, metric: str, labels: str, meaning: str, *, unit: str = "ops") -> Panel:
    legend = " ".join(f"{{{{{label}}}}}" for label in labels.split(", ")) if labels else "all"
    rate = f"sum by ({labels}) (rate(paramsync_{metric}{{{OPERATOR}}}[$__rate_interval]))"
    return Panel(title, meaning, "timeseries", [Query(rate, legend)], unit)


def _durations(title: str, metric: str, meaning: str, labels: str = "") -> Panel:
    """Half of them, and nearly all of them, are shorter."""
    legend = "".join(f" {{{{{label}}}}}" for label in labels.split(", ") if label)
    return Panel(
        title,
        f"{meaning} Half of them, and 99 %, are shorter.",
        "timeseries",
        [
            Query(
                f"histogram_quantile({share}, sum by ({labels}le)"
                f" (rate(paramsync_{metric}_bucket{{{OPERATOR}}}[$__rate_interval])))",
                f"{share:.0%}{legend}",
            )
            for share in (0.5, 0.99)
        ],
        "s",
    )
