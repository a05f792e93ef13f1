"""The stores: who to be in AWS and where; and, of a store for many namespaces, which of them may read which paths."""

from typing import Annotated

from pydantic import Field

from .base import Model, ObjectName, Rule
from .fields import Endpoint, MatchLabels, NamespacePattern, PathPattern, Region
from .roles import ExternalId, RoleArn, SessionTags
from .store_status import StoreStatus


class NamespaceSelector(Model):
    """Namespaces by their labels."""

    match_labels: MatchLabels
    """The labels that a namespace must have, all of them, with these values."""


class AccessRule(Model):
    """Lets namespaces read paths. All its conditions must hold; of several rules any one suffices."""

    namespaces: Annotated[tuple[NamespacePattern, ...], Field(min_length=1, max_length=64)] | None = None
    """The namespaces whose syncs may read the paths, by name; "*" stands for any characters in a name.
    Default: all that namespaceSelector selects."""

    namespace_selector: NamespaceSelector | None = None
    """The namespaces whose syncs may read the paths, by their labels. With namespaces, both must hold."""

    paths: Annotated[tuple[PathPattern, ...], Field(min_length=1, max_length=32)]
    """The paths that may be read, each with everything below it. Whole segments count: /prod/pay does not
    allow /prod/payroll. The segment {namespace} stands for the namespace of the sync, and {label:KEY} for the
    value of that namespace's label KEY; without the label the path allows nothing."""

    rules = (
        Rule(
            cel="has(self.namespaces) || has(self.namespaceSelector)",
            holds=lambda rule: rule.namespaces is not None or rule.namespace_selector is not None,
            message='write namespaces, namespaceSelector or both; namespaces: ["*"] means all',
        ),
    )


class RoleFields(Model):
    """What both kinds of store say of the Region, and of the role to assume."""

    region: Region | None = None
    """The AWS Region to read from. Default: the operator's own Region."""

    role_arn: RoleArn | None = None
    """The ARN of a role to assume, of this or of another account. Default: none is assumed."""

    external_id: ExternalId | None = None
    """The external id that the role's trust policy asks for."""

    session_tags: SessionTags | None = None
    """The tags of the role's session, for policies of AWS that ask for them."""

    rules = (
        Rule(
            cel="has(self.roleArn) || (!has(self.externalId) && !has(self.sessionTags))",
            holds=lambda spec: spec.role_arn is not None or (spec.external_id is None and spec.session_tags is None),
            message="externalId and sessionTags are for the role that roleArn names: write roleArn, too",
        ),
    )


class ClusterParameterStoreSpec(RoleFields):
    """Where to read parameters, and who may. The operator reads with its own AWS identity, or with roleArn."""

    endpoint: Endpoint | None = None
    """The URL of SSM (of SSM only), for a VPC endpoint or an emulator. Default: AWS's own endpoint."""

    access: Annotated[tuple[AccessRule, ...], Field(max_length=32)] = ()
    """Who may read what. Empty means that nobody may read anything."""


class ClusterParameterStore(Model):
    """A place in AWS that syncs of every namespace may be allowed to read, owned by the cluster's admins."""

    spec: ClusterParameterStoreSpec
    status: StoreStatus | None = None


class ServiceAccountRef(Model):
    """Names a service account."""

    name: ObjectName
    """The name of the service account."""


class ParameterStoreSpec(RoleFields):
    """Where to read parameters, and as whom. Never as the operator: AWS decides what the service account may."""

    service_account_ref: ServiceAccountRef
    """The service account, in the store's namespace, whose annotation eks.amazonaws.com/role-arn names the role
    to read with (IRSA). With roleArn, that role is assumed from it."""


class ParameterStore(Model):
    """A place in AWS that the syncs of its namespace read with a service account of that namespace."""

    spec: ParameterStoreSpec
    status: StoreStatus | None = None
