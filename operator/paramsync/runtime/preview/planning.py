"""The plan of one sync, against what a cluster has or against nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramsync.api.sync import DeletionPolicy
from paramsync.core.explaining import explain
from paramsync.core.objects import Owner
from paramsync.core.planning import plan
from paramsync.core.preview import Line, lines
from paramsync.core.record import Record
from paramsync.core.routing import routes

if TYPE_CHECKING:  # who plans without a cluster does not wait for its client
    from collections.abc import Sequence
    from datetime import datetime

    from paramsync.api.sync import ParameterSyncSpec
    from paramsync.core.parameters import Snapshot
    from paramsync.core.plan import Plan
    from paramsync.kube.targets import Targets
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.syncs import Sync


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done for a sync."""

    plan: Plan
    lines: tuple[Line, ...]


def preview(
    key: SyncKey,
    spec: ParameterSyncSpec,
    snapshots: Sequence[Snapshot],
    live_sync: Sync | None,
    targets: Targets | None,
    now: datetime,
) -> Preview:
    """Plan for a sync, and write nothing. Blocks.

    :param live_sync: the sync as a cluster has it, with its status; None if there is none.
    :param targets: reads what the cluster has; None: as if there were nothing.
    :raises ApiError: if a target cannot be read.
    """
    uid = "" if live_sync is None else live_sync.owner.uid
    owner = Owner(key.name, uid, key.namespace, retains=spec.deletion_policy is DeletionPolicy.RETAIN)
    record = Record() if live_sync is None else Record.of(live_sync.status, live_sync.approve, now)
    refs = {each.ref for each in routes(spec, key.name)} | record.targets
    # With their values, as after a start of the operator: only then is it seen that somebody changed one.
    live = {ref: None if targets is None else targets.get(ref, key.namespace, values=True) for ref in sorted(refs)}
    made = plan(owner, spec, snapshots, live, record)
    return Preview(made, lines(made, explain(spec, key.name, snapshots), live))
