"""What a sync reads: paths, and the stores to read them from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Model, ObjectName
from .fields import Glob, ParameterPath, VersionLabel


class StoreKind(StrEnum):
    """The kinds of store that a sync can refer to."""

    CLUSTER_PARAMETER_STORE = "ClusterParameterStore"
    PARAMETER_STORE = "ParameterStore"


class StoreRef(Model):
    """Names the store that a sync reads from."""

    kind: StoreKind | None = None
    """The kind of the store: ClusterParameterStore (the default), or ParameterStore in the sync's namespace."""

    name: ObjectName | None = None
    """The name of the store. Default: default."""


class Source(Model):
    """One path of Parameter Store."""

    path: ParameterPath
    """The absolute path whose parameters are read, without a trailing slash. A parameter exactly at the
    path is not part of it. The path is sent to AWS as written, for IAM authorises the literal string."""

    recursive: bool | None = None
    """Whether to read all levels below the path (the default), or only its direct children."""

    optional: bool | None = None
    """Whether the path may have no parameters. Default: false, so that a mistyped path is an error."""

    include: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which parameters to take, by their names below the path. "*" and "?" stay within a segment, "**" stands
    for any number of segments. Default: all."""

    exclude: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which of them to leave out after all, with the same patterns. What is left out is never decrypted."""

    version_label: VersionLabel | None = None
    """Read the versions that carry this label, and only parameters that have one. Default: the newest versions."""

    store_ref: StoreRef | None = None
    """The store of this source, if it is not the sync's: for another account or Region."""

    @property
    def is_recursive(self) -> bool:
        """``recursive`` with its default."""
        return self.recursive is not False

    @property
    def is_optional(self) -> bool:
        """``optional`` with its default."""
        return self.optional is True

    @property
    def place(self) -> tuple[str, bool, str | None, StoreRef | None]:
        """What is listed: path, recursive, label and store."""
        return self.path, self.is_recursive, self.version_label, self.store_ref
