"""Short ways to make what the rules work on. Every argument has a sensible default."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from paramsync.api.base import API_VERSION
from paramsync.api.sources import Source, StoreKind, StoreRef
from paramsync.api.status import Condition, GuardWindow, SyncStatus
from paramsync.api.stores import AccessRule, NamespaceSelector
from paramsync.api.sync import Guard, Mode, ParameterSyncSpec, ParameterType, SecretType, Target, TargetKind
from paramsync.core.access import Namespace
from paramsync.core.actions import Wish
from paramsync.core.annotations import encode_plain_keys
from paramsync.core.guard.approval import Approval
from paramsync.core.identity import Identity
from paramsync.core.metadata import texts
from paramsync.core.objects import (
    ADOPT_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PLAIN_KEYS_ANNOTATION,
    PROVENANCE_ANNOTATION,
    SYNC_ANNOTATION,
    ConfigMapContent,
    Content,
    Controller,
    Live,
    Owner,
    SecretContent,
)
from paramsync.core.outcome import Circumstances
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Parameter, Snapshot, Stamp, Subtree
from paramsync.core.plan import Plan
from paramsync.core.planning import plan
from paramsync.core.provenance import Entry, Origin, Provenance
from paramsync.core.reasons import Reason
from paramsync.core.record import Record
from paramsync.core.rendering import Memory, render_config_map, render_secret
from paramsync.core.routing import TargetRef, routes
from paramsync.core.values import KeyValue, Sealed, SecureValue, Value

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "eu-west-1"
SYNC = "app"
UID = "0a1b2c3d-0000-4000-8000-000000000001"
OTHER_UID = "0a1b2c3d-0000-4000-8000-000000000002"

STRING = ParameterType.STRING
STRING_LIST = ParameterType.STRING_LIST
SECURE_STRING = ParameterType.SECURE_STRING

SECRET = TargetRef(TargetKind.SECRET, SYNC)
CONFIG_MAP = TargetRef(TargetKind.CONFIG_MAP, SYNC)


def owner(*, name: str = SYNC, uid: str = UID, namespace: str = "payments", retains: bool = False) -> Owner:
    return Owner(name, uid, namespace, retains)


def stamp(
    name: str = "/prod/pay/host", *, kind: ParameterType = STRING, version: int = 1, modified: datetime = NOW
) -> Stamp:
    return Stamp(name, kind, version, modified)


def parameter(
    name: str = "/prod/pay/host",
    value: str | None = "db.internal",
    *,
    kind: ParameterType = STRING,
    version: int = 1,
    modified: datetime = NOW,
) -> Parameter:
    """A parameter whose value is of the class that its type asks for; sealed if the value is None."""
    held: Value
    if value is None:
        held = Sealed(Reason.DECRYPTION_FAILED, f"Parameter {name} cannot be decrypted")
    elif kind is SECURE_STRING:
        held = SecureValue.of(value)
    else:
        held = value
    return Parameter(stamp(name, kind=kind, version=version, modified=modified), held)


def secure(
    name: str = "/prod/pay/password", value: str | None = "hunter2", *, version: int = 1, modified: datetime = NOW
) -> Parameter:
    return parameter(name, value, kind=SECURE_STRING, version=version, modified=modified)


def selected(made: Parameter | None = None, *, path: str = "/prod/pay", source: int = 0) -> Selected:
    made = made or parameter()
    return Selected(made.stamp.name.removeprefix(path).removeprefix("/"), made, source)


def subtree(
    path: str = "/prod/pay",
    *,
    recursive: bool = True,
    region: str = REGION,
    endpoint: str | None = None,
    label: str | None = None,
) -> Subtree:
    return Subtree(Identity(region, endpoint), path, recursive, label)


def snapshot(
    *parameters: Parameter,
    path: str = "/prod/pay",
    recursive: bool = True,
    region: str = REGION,
    began: datetime = NOW,
    account: str | None = ACCOUNT,
    settled: bool = True,
    absence_settled: bool = True,
) -> Snapshot:
    return Snapshot(
        subtree(path, recursive=recursive, region=region),
        {each.stamp.name: each for each in parameters},
        began,
        account if parameters else None,
        settled,
        absence_settled,
    )


def source(path: str = "/prod/pay", *, recursive: bool | None = None, optional: bool | None = None) -> Source:
    return Source(path=path, recursive=recursive, optional=optional)


def target(
    kind: TargetKind = TargetKind.SECRET,
    name: str | None = None,
    *,
    types: Iterable[ParameterType] | None = None,
    secret_type: SecretType | None = None,
) -> Target:
    return Target(kind=kind, name=name, types=None if types is None else tuple(types), secretType=secret_type)


def spec(
    *sources: Source | str,
    targets: Iterable[Target] | None = None,
    interval: str | None = None,
    suspend: bool | None = None,
    store: str | None = None,
    most: int | str | None = None,
    mode: Mode | None = None,
) -> ParameterSyncSpec:
    return ParameterSyncSpec(
        sources=tuple(source(each) if isinstance(each, str) else each for each in sources or ("/prod/pay",)),
        targets=None if targets is None else tuple(targets),
        interval=interval,
        suspend=suspend,
        storeRef=None if store is None else StoreRef(name=store),
        guard=None if most is None else Guard(maxRemovals=most),
        mode=mode,
    )


def rule(
    namespaces: Iterable[str] | None = ("payments",),
    paths: Iterable[str] = ("/prod/pay",),
    *,
    labels: Mapping[str, str] | None = None,
) -> AccessRule:
    return AccessRule(
        namespaces=None if namespaces is None else tuple(namespaces),
        namespaceSelector=None if labels is None else NamespaceSelector(matchLabels=dict(labels)),
        paths=tuple(paths),
    )


def namespace(name: str = "payments", **labels: str) -> Namespace:
    return Namespace(name, labels)


def store_ref(name: str = "main", *, namespaced: bool = False) -> StoreRef:
    kind = StoreKind.PARAMETER_STORE if namespaced else StoreKind.CLUSTER_PARAMETER_STORE
    return StoreRef(kind=kind, name=name)


def origin(
    path: str = "/prod/pay",
    *,
    account: str | None = ACCOUNT,
    region: str = REGION,
    label: str | None = None,
    store: str | None = "ClusterParameterStore default",
) -> Origin:
    return Origin(path, account, region, label, store)


def entry(
    relative: str = "host", *, kind: ParameterType = STRING, version: int = 1, modified: datetime = NOW, source: int = 0
) -> Entry:
    return Entry.of(source, relative, stamp(relative, kind=kind, version=version, modified=modified))


def desired(*parameters: Parameter, path: str = "/prod/pay", source: int = 0) -> dict[str, Wish]:
    """What the parameters give by key; none of them may be sealed."""
    made = {}
    for each in parameters:
        assert not isinstance(each.value, Sealed)
        relative = each.stamp.name.removeprefix(path).removeprefix("/")
        key = relative.translate(str.maketrans("/.-", "___")).upper()
        made[key] = Wish(Entry.of(source, relative, each.stamp), (path,), (each.stamp.name,), each.value)
    return made


def controller(*, name: str = SYNC, uid: str = UID, kind: str = "ParameterSync", api: str = API_VERSION) -> Controller:
    return Controller(api, kind, name, uid)


def live(
    ref: TargetRef = SECRET,
    data: Mapping[str, KeyValue] | None = None,
    *,
    uid: str = "target-uid",
    resource_version: str = "7",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    controlled_by: Controller | None = None,
    deleting: bool = False,
    foreign_keys: Iterable[str] = (),
    immutable: bool = False,
    secret_type: str | None = None,
) -> Live:
    """An object of somebody else's, with its metadata alone unless data is given."""
    return Live(
        ref=ref,
        uid=uid,
        resource_version=resource_version,
        labels=labels or {},
        annotations=annotations or {},
        controller=controlled_by,
        deleting=deleting,
        data=data,
        foreign_keys=frozenset(foreign_keys),
        owners=frozenset(() if controlled_by is None else {controlled_by.uid}),
        immutable=immutable,
        type=secret_type or (SecretType.OPAQUE if ref.kind is TargetKind.SECRET else None),
    )


def given(
    ref: TargetRef = SECRET,
    data: Mapping[str, KeyValue] | None = None,
    *,
    to: str = SYNC,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Live:
    """An object of somebody else's that its owner gives to a sync, with its values."""
    annotations = {ADOPT_ANNOTATION: to, **(annotations or {})}
    return live(ref, data or {}, labels=labels, annotations=annotations, foreign_keys=data or ())


def ours(
    ref: TargetRef = SECRET,
    data: Mapping[str, KeyValue] | None = None,
    *,
    entries: Mapping[str, Entry] | None = None,
    origins: Iterable[Origin] | None = None,
    annotations: Mapping[str, str | None] | None = None,
    by: Owner | None = None,
    foreign_keys: Iterable[str] = (),
    immutable: bool = False,
    deleting: bool = False,
) -> Live:
    """A target that the sync wrote from these entries.

    :param annotations: what differs from what the operator writes; None removes an annotation.
    """
    by = by or owner()
    entries = entries or {}
    written = {
        SYNC_ANNOTATION: by.name,
        PROVENANCE_ANNOTATION: Provenance(tuple(origins or (origin(),)), entries).encode(200_000),
    }
    if ref.kind is TargetKind.CONFIG_MAP:
        written[PLAIN_KEYS_ANNOTATION] = encode_plain_keys({key: each.type for key, each in entries.items()})
    merged = {**written, **(annotations or {})}
    return live(
        ref,
        data,
        labels={MANAGED_BY_LABEL: MANAGED_BY},
        annotations={key: text for key, text in merged.items() if text is not None},
        controlled_by=None if by.retains else controller(name=by.name, uid=by.uid),
        foreign_keys=foreign_keys,
        immutable=immutable,
        deleting=deleting,
    )


def written(content: Content, *, by: Owner | None = None, values: bool = True) -> Live:
    """The target as the API server has it once a content was applied.

    :param values: whether its values were read, or its metadata alone.
    """
    by = by or owner()
    found = live(
        content.ref,
        dict(content.data) if values else None,
        labels={**content.labels, MANAGED_BY_LABEL: MANAGED_BY},
        annotations=dict(content.annotations),
        controlled_by=None if by.retains else controller(name=by.name, uid=by.uid),
        secret_type=content.type if isinstance(content, SecretContent) else None,
    )
    return replace(found, stated=frozenset(texts(content.labels, content.annotations)))


def secret_content(
    data: Mapping[str, SecureValue] | None = None,
    *,
    entries: Mapping[str, Entry] | None = None,
    ref: TargetRef = SECRET,
    secret_type: SecretType = SecretType.OPAQUE,
) -> SecretContent:
    data = data if data is not None else {"PASSWORD": SecureValue(b"hunter2")}
    made = entries or {key: entry(key.lower(), kind=SECURE_STRING) for key in data}
    return render_secret(ref, data, made, Memory(SYNC, (origin(),)), secret_type=secret_type)


def config_map_content(
    data: Mapping[str, str] | None = None, *, entries: Mapping[str, Entry] | None = None, ref: TargetRef = CONFIG_MAP
) -> ConfigMapContent:
    data = data if data is not None else {"HOST": "db.internal"}
    made = entries or {key: entry(key.lower()) for key in data}
    return render_config_map(ref, data, made, Memory(SYNC, (origin(),)))


def planned(
    *snapshots: Snapshot,
    spec: ParameterSyncSpec | None = None,
    live: Iterable[Live] = (),
    applied: Iterable[TargetRef] | None = None,
    by: Owner | None = None,
    window: GuardWindow | None = None,
    approval: Approval | None = None,
    revisions: Mapping[TargetRef, str] | None = None,
) -> Plan:
    """A plan for snapshots of required sources, with these targets live and no others.

    :param applied: what status recorded; the live targets unless told.
    :param window: what the guard remembers.
    :param revisions: what status recorded of them; nothing unless told.
    """
    by = by or owner()
    spec = spec or ParameterSyncSpec(
        sources=tuple(
            Source(path=each.subtree.path, recursive=None if each.subtree.recursive else False) for each in snapshots
        )
    )
    found = {each.ref: each for each in live}
    recorded = frozenset(found if applied is None else applied)
    refs = recorded.union(each.ref for each in routes(spec, by.name))
    return plan(
        by,
        spec,
        snapshots,
        {**{ref: found.get(ref) for ref in refs}, **found},
        Record(
            recorded, window, approval or Approval(), {ref: each.uid for ref, each in found.items()}, revisions or {}
        ),
    )


def condition(
    kind: str = "Ready", status: str = "True", *, reason: str = "Synced", since: str = "2026-03-01T00:00:00Z"
) -> Condition:
    return Condition.model_validate(
        {"type": kind, "status": status, "reason": reason, "message": "Said before", "lastTransitionTime": since}
    )


def status(
    *conditions: Condition, generation: int = 1, revision: str | None = None, targets: Iterable[TargetRef] = ()
) -> SyncStatus:
    return SyncStatus.model_validate(
        {
            "observedGeneration": generation,
            "conditions": conditions,
            "revision": revision,
            "targets": [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "uid": "target-uid",
                    "keyCount": 1,
                    "revision": "0123456789abcdef",
                }
                for each in targets
            ],
        }
    )


def circumstances(
    *,
    generation: int = 1,
    age: timedelta = timedelta(days=1),
    now: datetime = NOW,
    interval: timedelta = timedelta(minutes=5),
    data_age: timedelta = timedelta(0),
) -> Circumstances:
    return Circumstances(generation, now - age, now, interval, data_age)
