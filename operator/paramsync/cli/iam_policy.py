"""``paramsync iam-policy``: the rights in AWS that syncs need, and no more."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from .aws import clients, loaded, settings_option, to_a_person
from .cluster import Named, Reach, cluster_options, connected, names_argument, whole_name
from .manifests import DEFAULT, files_options
from .names import namespaced
from .output import Form, document, form_option, show, told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import JsonValue

    from paramsync.core.iam.installation import Installation
    from paramsync.core.iam.permissions import Reads
    from paramsync.core.iam.roles import Role
    from paramsync.core.reasons import Problem
    from paramsync.runtime.preview.answering import Asked
    from paramsync.runtime.preview.stores import Cluster, Given, StoreFinder

AWS_MANAGED: Final = "aws/ssm"


def _issuer(_context: click.Context, _option: click.Parameter, text: str | None) -> str:
    from paramsync.core.iam.installation import issuer

    try:
        return issuer(text) if text else ""
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _role(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    from paramsync.api.roles import is_role_arn

    if text is not None and not is_role_arn(text):
        raise click.BadParameter("write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/paramsync")
    return text


def _keys(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    from paramsync.core.iam.installation import is_key

    for text in texts:
        if text != AWS_MANAGED and not is_key(text):
            raise click.BadParameter(f"write the ARN of a key (not of an alias), or {AWS_MANAGED}")
    return texts


@click.command("iam-policy")
@files_options
@click.option("--cluster", is_flag=True, help="For all syncs of the cluster.")
@cluster_options
@settings_option
@click.option(
    "--operator-role",
    metavar="ARN",
    callback=_role,
    help="The operator's own role. Default: the one in the annotation of its service account, if files or the cluster"
    " have it.",
)
@click.option(
    "--service-account",
    default="paramsync/paramsync",
    show_default=True,
    metavar="NAMESPACE/NAME",
    callback=namespaced("the service account"),
    help="The operator's service account.",
)
@click.option(
    "--oidc-provider",
    "issuer",
    metavar="URL|ARN",
    callback=_issuer,
    help="The cluster's OIDC issuer, or its IAM OIDC provider, for the trust policies of IRSA.",
)
@click.option(
    "--pod-identity", is_flag=True, help="The operator's own role comes by EKS Pod Identity, and not by IRSA."
)
@click.option(
    "--kms-key",
    "keys",
    multiple=True,
    metavar="ARN|aws/ssm",
    callback=_keys,
    help="A KMS key of the SecureStrings; may be given several times. aws/ssm alone: they have no key of your own, and"
    " no right is needed. Default, and where none is of a Region: any key, through SSM only.",
)
@form_option
@names_argument
def iam_policy(
    paths: tuple[Path, ...],
    names: tuple[Named, ...],
    namespace: str | None,
    cluster: bool,
    kubeconfig: str | None,
    context: str | None,
    settings: Path | None,
    operator_role: str | None,
    service_account: tuple[str, str],
    issuer: str,
    pod_identity: bool,
    keys: tuple[str, ...],
    form: Form,
) -> None:
    """Print the least IAM policies for syncs.

    For every role that takes part: what it must be allowed to do, and who must be allowed to assume it.

    Syncs come from files (-f), or from the cluster: those that are named, or all of them (--cluster). AWS is not asked.

    Ends with 1 if a sync cannot be carried out, whatever its role may do; the policies are then without it.
    """
    from paramsync.core.iam.installation import Installation
    from paramsync.core.iam.roles import roles
    from paramsync.runtime.preview.stores import StoreFinder

    from . import syncs
    from .manifests import read

    if not (paths or names or cluster):
        raise click.UsageError("give a file with -f, name a sync of the cluster as NAMESPACE/SYNC, or say --cluster")
    manifests, reach = read(paths), Reach(kubeconfig, context)
    given = syncs.given(manifests, loaded(settings), namespace or DEFAULT)
    with ExitStack() as stack:
        transport, known = None, None
        if cluster or names or kubeconfig or context:
            transport = stack.enter_context(connected(reach))
            known = syncs.cluster_of(transport)
        asked = [*syncs.stated(manifests, None, namespace or DEFAULT)]
        if transport is not None:
            asked += [syncs.named(transport, *whole_name(reach, name, namespace)) for name in names]
            asked += syncs.all_of(transport) if cluster else ()
        if not asked:
            raise click.ClickException("there is no ParameterSync")
        aws = stack.enter_context(clients(None))
        reads, problems = _reads(asked, StoreFinder(given, known, aws.own_region, as_me=False))
        is_operators = any(each.subtree.identity.service_account is None for each in reads)
        installation = Installation(
            operator_role or (_annotated(service_account, given, known) if is_operators else ""),
            *service_account,
            issuer,
            pod_identity,
            tuple(key for key in keys if key != AWS_MANAGED),
            uses_own_keys=not keys or set(keys) != {AWS_MANAGED},
        )
        found = roles(reads, installation, aws.partition)
    show(form, lambda: "\n\n".join(_texts(found)), lambda: {"roles": [_document(each) for each in found]})
    _warn(found, problems)
    for region in sorted(_without_key(reads, installation)):
        click.echo(f"note: no --kms-key is of {region}: any key is allowed there, through SSM only", err=True)
    click.get_current_context().exit(1 if problems else 0)


def _without_key(reads: Iterable[Reads], installation: Installation) -> set[str]:
    """The Regions of which no key was given, although others were."""
    given = {key.split(":")[3] for key in installation.keys}
    read = {each.subtree.identity.region for each in reads if each.selection.secure}
    return read - given if given else set()


def _reads(asked: Iterable[Asked], finder: StoreFinder) -> tuple[list[Reads], list[Problem]]:
    """What the syncs read; and what keeps syncs from reading anything."""
    from paramsync.core.iam.permissions import Reads
    from paramsync.core.reasons import Problem
    from paramsync.runtime.preview.answering import needs

    reads: list[Reads] = []
    problems: list[Problem] = []
    for each in asked:
        for need in needs(each, finder):
            if isinstance(need, Problem):
                problems.append(Problem(need.reason, need.subject, f"ParameterSync {each.key}: {need.message}"))
            else:
                reads.append(Reads(need.subtree, need.selection))
    return reads, problems


def _annotated(account: tuple[str, str], given: Given, known: Cluster | None) -> str:
    """The role in the annotation of the operator's service account; empty if that is not there."""
    from paramsync.api.roles import is_role_arn
    from paramsync.core.stores import ROLE_ANNOTATION
    from paramsync.kube.errors import Refused

    annotations = given.accounts.get(account)
    if annotations is None and known is not None:
        try:
            annotations = known.tenants.annotations(*account)
        except Refused:
            raise click.ClickException(
                f"you may not read the operator's service account {'/'.join(account)}; give its role: --operator-role"
            ) from None
    role = (annotations or {}).get(ROLE_ANNOTATION, "")
    return role if is_role_arn(role) else ""


def _texts(roles: Iterable[Role]) -> Iterable[str]:
    for role in roles:
        yield f"# The policy of {role.name}\n{document(role.policy, Form.JSON)}"
        trusted = role.trust_policy
        if trusted is not None:
            yield f"# The trust policy of {role.name}\n{document(trusted, Form.JSON)}"


def _document(role: Role) -> JsonValue:
    return {"role": role.arn or None, "policy": role.policy, "trust": role.trust_policy}


def _warn(roles: Iterable[Role], problems: Iterable[Problem]) -> None:
    """Say what is missing, and what AWS will not take, where it is no part of the answer."""
    from paramsync.core.iam.roles import LONGEST

    for role in roles:
        if role.unknown:
            click.echo(f"note: no trust policy of {role.name} without {role.unknown}", err=True)
        if role.is_too_long:
            click.echo(
                f"warning: the policy of {role.name} has more than the {LONGEST:,} characters of a managed policy:"
                " attach its statements as several",
                err=True,
            )
    for problem in problems:
        click.echo(told(problem.reason, to_a_person(problem.message)), err=True)
