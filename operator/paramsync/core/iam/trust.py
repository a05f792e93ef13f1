"""Who may assume a role: a service account by its token, EKS Pod Identity, or the role of the hop before."""

from collections.abc import Collection, Iterator
from typing import Final

from paramsync.core.identity import Identity, Role

from .installation import Installation, account_of
from .permissions import Reads, carries_tags
from .statements import Conditions, Statement

AUDIENCE: Final = "sts.amazonaws.com"
"""Of the tokens of service accounts (EKS user guide, IAM roles for service accounts)."""

POD_IDENTITY: Final = "pods.eks.amazonaws.com"


class Unknown(Exception):  # noqa: N818
    """Something must be known for a policy; the text says what."""


def trust(role: str, reads: Collection[Reads], installation: Installation) -> tuple[Statement, ...]:
    """The statements of the policy that says who may assume a role.

    :param role: its ARN; empty for the operator's own, if that is not known.
    :raises Unknown: if it depends on something that is not known.
    """
    identities = list(dict.fromkeys(each.subtree.identity for each in reads))
    found = [*_by_token(role, identities, installation), *_by_role(role, identities, installation)]
    return tuple(found)


def _by_token(role: str, identities: Collection[Identity], installation: Installation) -> Iterator[Statement]:
    accounts = {
        f"system:serviceaccount:{each.service_account.namespace}:{each.service_account.name}"
        for each in identities
        if each.service_account is not None and each.service_account.role_arn == role
    }
    if role == installation.role and any(each.service_account is None for each in identities):
        if installation.has_pod_identity:
            yield Statement("PodIdentity", ("sts:AssumeRole", "sts:TagSession"), principal={"Service": POD_IDENTITY})
        else:
            accounts.add(f"system:serviceaccount:{installation.namespace}:{installation.service_account}")
    if not accounts:
        return
    if not installation.issuer:
        raise Unknown("the cluster's OIDC issuer (--oidc-provider)")
    if not role:
        raise Unknown("the operator's role (--operator-role)")
    provider = f"arn:{role.split(':')[1]}:iam::{account_of(role)}:oidc-provider/{installation.issuer}"
    wanted = {f"{installation.issuer}:aud": (AUDIENCE,), f"{installation.issuer}:sub": tuple(sorted(accounts))}
    yield Statement(
        "ServiceAccount",
        ("sts:AssumeRoleWithWebIdentity",),
        principal={"Federated": provider},
        conditions={"StringEquals": wanted},
    )


def _by_role(role: str, identities: Collection[Identity], installation: Installation) -> Iterator[Statement]:
    """The roles that assume it. Each of its stores may have an external id and tags of its own."""
    hops = dict.fromkeys(
        (each.role, each.service_account is None, installation.first(each))
        for each in identities
        if each.role is not None and each.role.arn == role
    )
    for number, (hop, is_operator, before) in enumerate(hops, 1):
        if not before:
            raise Unknown("the operator's role (--operator-role)")
        principal = {"AWS": before}
        yield Statement(f"Assume{number}", ("sts:AssumeRole",), principal=principal, conditions=_external_id(hop))
        carries = carries_tags(installation, is_operator)
        if hop.tags or carries:
            # What goes along from Pod Identity is not known here: a condition would refuse it.
            conditions = {} if carries else {"StringEquals": {f"aws:RequestTag/{key}": (tag,) for key, tag in hop.tags}}
            yield Statement(f"Tag{number}", ("sts:TagSession",), principal=principal, conditions=conditions)


def _external_id(hop: Role) -> Conditions:
    return {} if hop.external_id is None else {"StringEquals": {"sts:ExternalId": (hop.external_id,)}}
