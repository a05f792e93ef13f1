"""ClusterParameterStore: who to be and where, and which namespaces may read which paths."""

from typing import Annotated

from pydantic import Field

from .base import Model
from .fields import Endpoint, NamespacePattern, PathPattern, Region


class AccessRule(Model):
    """Lets namespaces read paths. All its conditions must hold; of several rules any one suffices."""

    namespaces: Annotated[tuple[NamespacePattern, ...], Field(min_length=1, max_length=64)]
    """The namespaces whose syncs may read the paths, by name; "*" stands for any characters in a name."""

    paths: Annotated[tuple[PathPattern, ...], Field(min_length=1, max_length=32)]
    """The paths that may be read, each with everything below it. Whole segments count: /prod/pay does not
    allow /prod/payroll. The segment {namespace} stands for the namespace of the sync."""


class ClusterParameterStoreSpec(Model):
    """Where to read parameters, and who may. The operator reads with its own AWS identity."""

    region: Region | None = None
    """The AWS Region to read from. Default: the operator's own Region."""

    endpoint: Endpoint | None = None
    """The URL of SSM (of SSM only), for a VPC endpoint or an emulator. Default: AWS's own endpoint."""

    access: Annotated[tuple[AccessRule, ...], Field(max_length=32)] = ()
    """Who may read what. Empty means that nobody may read anything."""


class ClusterParameterStore(Model):
    """A place in AWS that syncs of every namespace may be allowed to read, owned by the cluster's admins."""

    spec: ClusterParameterStoreSpec
