"""``paramsync doctor``: what is wrong with an installation, and what to mend."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from .aws import loaded, settings_option
from .cluster import NO_API_SERVER, ON_THE_WAY, Reach, cluster_options
from .names import namespaced
from .output import Colour, Form, coloured, form_option, printable, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from paramsync.core.diagnosis import Finding
    from paramsync.kube.transport import Transport
    from paramsync.runtime.settings import Settings


@click.command()
@cluster_options
@click.option(
    "-n", "--namespace", default="", help="Look at the rights, syncs and ParameterStores of this namespace alone."
)
@click.option(
    "--operator",
    metavar="NAMESPACE/NAME",
    callback=namespaced("the Deployment"),
    help="The operator's Deployment. Default: those that bear the chart's label.",
)
@click.option("--aws/--no-aws", default=True, show_default=True, help="Whether to look at AWS with your credentials.")
@settings_option
@form_option
def doctor(
    kubeconfig: str | None,
    context: str | None,
    namespace: str,
    operator: tuple[str, str] | None,
    aws: bool,
    settings: Path | None,
    form: Form,
) -> None:
    """Look at an installation, and say what to mend. Nothing is written, and no value is read.

    Exit code 1 if anything fails. What you may not look at is said, and is no failure.
    """
    from paramsync.core.diagnosis import is_bad

    known = loaded(settings) if aws else None
    findings = [*_findings(Reach(kubeconfig, context), namespace, operator, known)]
    show(form, lambda: _lines(findings), lambda: [_document(each) for each in findings])
    if is_bad(findings):
        sys.exit(1)


def _findings(
    reach: Reach, namespace: str, operator: tuple[str, str] | None, settings: Settings | None
) -> Iterator[Finding]:
    """What all checks show.

    :param settings: None: AWS is not looked at.
    """
    from pydantic import ValidationError

    from paramsync.core.diagnosis import Finding, Verdict, of_no_answer
    from paramsync.kube.credentials import KubeconfigError
    from paramsync.kube.errors import ApiError, Refused
    from paramsync.kube.transport import connect

    try:
        transport = connect(reach.kubeconfig, reach.context, connections=1)
    except KubeconfigError as error:
        yield Finding("cluster", Verdict.FAIL, str(error))
        return
    try:
        yield from _of_cluster(transport, namespace, operator)
        if settings is not None:
            yield from _of_aws(transport, namespace, settings)
    except ApiError as error:
        is_unauthorized = isinstance(error, Refused) and error.is_unauthorized
        yield of_no_answer(str(error), is_unauthorized=is_unauthorized)
    except KubeconfigError as error:
        yield Finding("cluster", Verdict.FAIL, str(error))
    except ValidationError:
        yield Finding("cluster", Verdict.FAIL, NO_API_SERVER, f"see what answers there: {ON_THE_WAY}?")
    finally:
        transport.close()


def _of_cluster(transport: Transport, namespace: str, operator: tuple[str, str] | None) -> Iterator[Finding]:
    from paramsync.core.diagnosis import Finding
    from paramsync.kube.customs import Customs
    from paramsync.kube.fence import SoleReplica
    from paramsync.kube.installation import Installation

    from . import checks

    installation, customs = Installation(transport), Customs(transport, SoleReplica())
    yield from checks.credentials(transport)
    yield from checks.cluster(installation)
    yield from checks.looked_at("definitions", checks.definitions_of(installation, customs))
    found = checks.operators(installation, operator)
    for each in [] if isinstance(found, Finding) else found:
        yield from checks.looked_at("operator", checks.operator(installation, transport, each, namespace))
    if isinstance(found, Finding):
        yield found
    yield from checks.store_statuses(customs, namespace)
    yield from checks.looked_at("your rights", checks.own_rights(installation, namespace))


def _of_aws(transport: Transport, namespace: str, settings: Settings) -> Iterator[Finding]:
    from paramsync.core.diagnosis import Verdict

    from . import checks, store_checks
    from .aws import clients

    found = [*checks.aws()]
    yield from found
    if found[0].verdict is not Verdict.SKIP:
        with clients(transport) as made:
            yield from checks.looked_at("stores", store_checks.stores(transport, namespace, settings, made))


def _lines(findings: Sequence[Finding]) -> str:
    return "\n".join(
        f"{coloured(f'{each.verdict:<4}', _COLOURS[each.verdict])}  {printable(each.check)}: {printable(_said(each))}"
        for each in findings
    )


def _said(finding: Finding) -> str:
    return f"{finding.text}. To mend it: {finding.remedy}" if finding.remedy else finding.text


def _document(finding: Finding) -> JsonValue:
    return {
        "check": finding.check,
        "verdict": str(finding.verdict),
        "text": finding.text,
        "remedy": finding.remedy or None,
    }


_COLOURS: Final[Mapping[str, Colour]] = {
    "ok": Colour.GOOD,
    "warn": Colour.CHANGED,
    "fail": Colour.BAD,
    "skip": Colour.FAINT,
}
"""By verdict."""
