"""ParameterSync: which subtrees of Parameter Store become which Secrets and ConfigMaps."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Model, ObjectName, Rule
from .contract import Contract
from .fields import Glob, Interval, MaxRemovals, seconds
from .metadata import TargetMetadata
from .shaping import Compose, Decode, Expand, File, Keys, StringListForm
from .sources import Source, StoreKind, StoreRef
from .status import SyncStatus

DEFAULT_INTERVAL = "5m"
DEFAULT_MAX_REMOVALS = "20%"
DEFAULT_STORE = "default"


class TargetKind(StrEnum):
    """The kinds of object that a sync writes."""

    SECRET = "Secret"  # noqa: S105
    CONFIG_MAP = "ConfigMap"


class ParameterType(StrEnum):
    """The types of a parameter (AWS API reference, ``Parameter.Type``)."""

    STRING = "String"
    STRING_LIST = "StringList"
    SECURE_STRING = "SecureString"


class Mode(StrEnum):
    """Whether a sync writes."""

    SYNC = "Sync"
    PLAN = "Plan"


class Guard(Model):
    """What may be removed without anybody's approval."""

    max_removals: MaxRemovals | None = None
    """How many parameters may be removed within an hour: a number, or a share of the most that there were within
    it, such as 20% (the default). At least one may be; removing everything always needs an approval."""


class DeletionPolicy(StrEnum):
    """What happens to the targets when their sync is deleted."""

    DELETE = "Delete"
    RETAIN = "Retain"


class SecretType(StrEnum):
    """The types that a Secret may have. A closed list: none of them is a token that the API server would honour."""

    OPAQUE = "Opaque"
    TLS = "kubernetes.io/tls"
    BASIC_AUTH = "kubernetes.io/basic-auth"
    SSH_AUTH = "kubernetes.io/ssh-auth"
    DOCKER_CONFIG_JSON = "kubernetes.io/dockerconfigjson"


class Target(Model):
    """A Secret or a ConfigMap that the sync writes."""

    kind: TargetKind
    """Secret or ConfigMap."""

    name: ObjectName | None = None
    """The name of the object, in the sync's namespace. Default: the sync's name."""

    types: Annotated[tuple[ParameterType, ...], Field(min_length=1, max_length=3)] | None = None
    """The parameter types that go into this target. Default for a ConfigMap: String and StringList; for a
    Secret: SecureString, or all three types when the sync has no ConfigMap target."""

    include: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which parameters of these types go into this target, by their names below the source's path. Default: all."""

    exclude: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which of them to leave out after all."""

    keys: Keys | None = None
    """How their names become keys in this target; what it does not say is as in the sync's keys."""

    string_list: StringListForm | None = None
    """How this target gives StringLists. Default: as the sync."""

    files: Annotated[tuple[File, ...], Field(min_length=1, max_length=8)] | None = None
    """Keys that hold many parameters as a file. What goes into a file does not get a key of its own."""

    compose: Compose | None = None
    """Further keys, each with a text into which values of the sync's parameters are put: ${db/host}, or with filters
    ${db/password|urlquote}; $$ is a dollar sign. The filters are urlquote, base64 and json. One SecureString makes the
    whole value secure: in a ConfigMap that is refused."""

    secret_type: SecretType | None = None
    """The type of the Secret. A parameter directly below a source's path that is named like a key of the type, such
    as tls.crt, keeps that name as its key. Default: Opaque."""

    metadata: TargetMetadata | None = None
    """Labels and annotations of the object, for other controllers and for selectors. Those of the sync itself are never
    copied."""

    rules = (
        Rule(
            cel="self.kind != 'ConfigMap' || !has(self.types) || !self.types.exists(t, t == 'SecureString')",
            holds=lambda target: (
                target.kind is not TargetKind.CONFIG_MAP or ParameterType.SECURE_STRING not in (target.types or ())
            ),
            message=(
                "a ConfigMap never takes SecureString: remove it from types, and list it on a target of kind Secret"
            ),
        ),
        Rule(
            cel="self.kind == 'Secret' || !has(self.secretType)",
            holds=lambda target: target.kind is TargetKind.SECRET or target.secret_type is None,
            message="a ConfigMap has no type: remove secretType, or write kind: Secret",
        ),
        Rule(
            cel="!has(self.files) || self.files.all(f, self.files.exists_one(g, g.key == f.key))",
            holds=lambda target: len({f.key for f in target.files or ()}) == len(target.files or ()),
            message="two files have the same key: give every file a key of its own",
        ),
        Rule(
            cel="!has(self.files) || !has(self.compose) || !self.files.exists(f, f.key in self.compose)",
            holds=lambda target: not {f.key for f in target.files or ()} & (target.compose or {}).keys(),
            message="a key is in files and in compose: give each a key of its own",
        ),
    )


class ParameterSyncSpec(Model):
    """What to read, how often, and what to write."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=16)]
    """The paths to read, in order: a later one overlays an earlier one by relative name."""

    store_ref: StoreRef | None = None
    """The store to read from. Default: the ClusterParameterStore named default."""

    interval: Interval | None = None
    """How old the data may get, from 10s to 24h. Default: 5m."""

    suspend: bool | None = None
    """Whether to leave the targets as they are and read nothing. Default: false."""

    mode: Mode | None = None
    """Sync (the default); or Plan, to compute and report in status what would be done, and to write nothing else."""

    guard: Guard | None = None
    """What may be removed without an approval."""

    keys: Keys | None = None
    """How the names of parameters become keys. Default: the names of environment variables."""

    string_list: StringListForm | None = None
    """How StringLists are given: Comma (the default), as they are stored; or JSON, as a list of strings. In JSON and
    YAML files they always are lists."""

    expand: Expand | None = None
    """Parameters that are taken apart, by a pattern for their names below the source's path: app/config: JSON. The
    value must be a JSON object; its fields become names below the parameter's, which globs, keys and files can use."""

    decode: Decode | None = None
    """Parameters whose values are decoded, by a pattern for their names: certs/*: Base64. The bytes go into a Secret's
    data or a ConfigMap's binaryData."""

    contract: Contract | None = None
    """What must be true of the parameters. While it is not, nothing is written, and the targets stay as they are."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=16)] | None = None
    """The objects to write. Default: one Secret and one ConfigMap, both named like the sync."""

    deletion_policy: DeletionPolicy | None = None
    """What happens to the targets when the sync is deleted: Delete (the default) deletes them with it, Retain leaves
    them as they are. A change takes effect at once, also while the sync is suspended or cannot be read. A target that
    the spec names no longer is deleted in either case."""

    rules = (
        Rule(
            cel=(
                "!has(self.targets) || self.targets.all(t, self.targets.exists_one(u, u.kind == t.kind"
                " && (has(u.name) ? u.name : '') == (has(t.name) ? t.name : '')))"
            ),
            holds=lambda spec: len({(t.kind, t.name) for t in spec.targets or ()}) == len(spec.targets or ()),
            message="two targets are the same object: give every target of a kind a name of its own",
        ),
        Rule(
            cel=(
                "self.sources.all(s, self.sources.exists_one(t, t.path == s.path"
                " && (!has(t.recursive) || t.recursive) == (!has(s.recursive) || s.recursive)"
                " && (has(t.versionLabel) ? t.versionLabel : '') == (has(s.versionLabel) ? s.versionLabel : '')"
                " && has(t.storeRef) == has(s.storeRef) && (!has(t.storeRef) || t.storeRef == s.storeRef)))"
            ),
            holds=lambda spec: len({s.place for s in spec.sources}) == len(spec.sources),
            message="the same path is listed twice in sources: remove one, or join their include",
        ),
    )

    def store_of(self, source: Source) -> StoreRef:
        """The store that a source is read from, with all defaults filled in."""
        ref = source.store_ref or self.store_ref or StoreRef()
        return StoreRef(kind=ref.kind or StoreKind.CLUSTER_PARAMETER_STORE, name=ref.name or DEFAULT_STORE)

    @property
    def interval_seconds(self) -> int:
        """``interval`` in seconds, with its default."""
        return seconds(self.interval or DEFAULT_INTERVAL)

    @property
    def max_removals(self) -> int | str:
        """``guard.maxRemovals`` with its default."""
        asked = self.guard.max_removals if self.guard is not None else None
        return DEFAULT_MAX_REMOVALS if asked is None else asked

    @property
    def only_plans(self) -> bool:
        """Whether nothing is to be written, by ``mode`` with its default."""
        return self.mode is Mode.PLAN

    @property
    def is_suspended(self) -> bool:
        """``suspend`` with its default."""
        return self.suspend is True


class ParameterSync(Model):
    """Keeps Secrets and ConfigMaps equal to subtrees of AWS SSM Parameter Store."""

    spec: ParameterSyncSpec
    status: SyncStatus | None = None
