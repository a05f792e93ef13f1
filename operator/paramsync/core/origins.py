"""Where the sources of a sync are, as provenance records it."""

from collections.abc import Sequence

from paramsync.api.sources import Source
from paramsync.api.sync import ParameterSyncSpec

from .actions import Draft
from .parameters import Snapshot, Subtree
from .provenance import Origin


def origins_of(spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], drafts: Sequence[Draft]) -> tuple[Origin, ...]:
    """The sources for the header. An empty listing names no account: it is that of its identity, or as before.

    What a source's own listing names comes first: others may have been listed before a role came to be another.
    """
    accounts = {s.subtree.identity: s.account for s in snapshots if s.account is not None}
    before = {(o.path, o.region): o.account for each in drafts for o in each.before.provenance.origins}

    def origin(source: Source, own: str | None, subtree: Subtree) -> Origin:
        path, identity, store = subtree.path, subtree.identity, spec.store_of(source)
        account = own or accounts.get(identity) or identity.account or before.get((path, identity.region))
        return Origin(path, account, identity.region, subtree.label, f"{store.kind} {store.name}")

    return tuple(origin(source, s.account, s.subtree) for source, s in zip(spec.sources, snapshots, strict=True))
