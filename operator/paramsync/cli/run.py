"""``paramsync run``: the operator itself."""

from pathlib import Path
from typing import Final

import click

from .names import namespaced

GARBAGE: Final = (700, 10, 10)
"""When Python looks for garbage, as it does by itself: what runs for long keeps little of it."""

LEVELS: Final = ("debug", "info", "warning", "error")


def _levels(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Levels by the part that they are for; that of all others has an empty name."""
    from paramsync.runtime.logs import PARTS

    found: dict[str, str] = {}
    for text in texts:
        part, separator, level = text.rpartition("=")
        if level not in LEVELS or (separator and part not in PARTS):
            raise click.BadParameter(
                f"{text}: write one of {', '.join(LEVELS)}; or PART=LEVEL for one of the parts {', '.join(PARTS)}"
            )
        if part in found:
            raise click.BadParameter(f"{text}: give one level {f'for {part}' if part else 'for all parts'}")
        found[part] = level
    return found


@click.command()
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False),
    help="The kubeconfig to use. Default: the pod's service account, else $KUBECONFIG or ~/.kube/config.",
)
@click.option("--context", help="The context of the kubeconfig. Default: its current one.")
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file, with stores and the default Region.",
)
@click.option(
    "--lease",
    metavar="NAMESPACE/NAME",
    callback=namespaced("the Lease"),
    help="The Lease by which several replicas agree on who leads. Default: none, this is the only replica.",
)
@click.option(
    "--listen-host", default="", show_default="all addresses", help="The address to serve probes and metrics on."
)
@click.option(
    "--listen-port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to serve probes on.",
)
@click.option(
    "--listen-port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port to this file once it is listened on; of use with port 0.",
)
@click.option(
    "--metrics-port",
    default=8081,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to serve metrics on, on the same address.",
)
@click.option(
    "--metrics-port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write that port to this file once it is listened on.",
)
@click.option(
    "--metrics-certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A certificate in PEM: metrics are served over TLS. Read again when it changes.",
)
@click.option(
    "--metrics-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The key of that certificate, in PEM.",
)
@click.option(
    "--metrics-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the bearer token that metrics are shown for. Needs a certificate. Read for each request.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="How log lines are written.",
)
@click.option(
    "--log-level",
    "levels",
    metavar="[PART=]LEVEL",
    multiple=True,
    default=["info"],
    show_default=True,
    callback=_levels,
    help="The least level that is logged: debug, info, warning or error. Can be given several times: for all, and for"
    " single parts, such as aws=debug. The parts are aws, kube, feeds, runtime and libraries; those say nothing"
    " below info.",
)
def run(
    kubeconfig: str | None,
    context: str | None,
    settings: Path | None,
    lease: tuple[str, str] | None,
    listen_host: str,
    listen_port: int,
    listen_port_file: Path | None,
    metrics_port: int,
    metrics_port_file: Path | None,
    metrics_certificate: Path | None,
    metrics_key: Path | None,
    metrics_token_file: Path | None,
    log_format: str,
    levels: dict[str, str],
) -> None:
    """Run the operator until SIGTERM or Ctrl-C."""
    import asyncio
    import gc

    from paramsync.kube.credentials import KubeconfigError
    from paramsync.kube.transport import connect
    from paramsync.runtime import logs
    from paramsync.runtime.leadership import LeaseName
    from paramsync.runtime.metrics.certificates import Certificate, CertificateError
    from paramsync.runtime.metrics.serving import ListenError, Protection
    from paramsync.runtime.operator import API_CONNECTIONS, Listen, Operator, OperatorEnded
    from paramsync.runtime.settings import SettingsError, load

    gc.set_threshold(*GARBAGE)
    level = levels.pop("", "info")
    logs.configure("json" if log_format == "json" else "text", level, levels)
    if (metrics_certificate is None) != (metrics_key is None):
        raise click.UsageError("--metrics-certificate and --metrics-key belong together; give both, or none")
    try:
        loaded = load(settings)
        certificate = Certificate(metrics_certificate, metrics_key) if metrics_certificate and metrics_key else None
        protection = Protection(certificate, metrics_token_file)
        protection.check()
        transport = connect(kubeconfig, context, API_CONNECTIONS)
    except (SettingsError, KubeconfigError, CertificateError, ListenError) as error:
        raise click.ClickException(str(error)) from None

    async def serve() -> None:
        listen = Listen(listen_host, listen_port, listen_port_file, metrics_port, metrics_port_file, protection)
        await Operator(transport, loaded, listen, None if lease is None else LeaseName(*lease)).run()

    try:
        asyncio.run(serve())
    except (OSError, OperatorEnded) as error:
        raise click.ClickException(str(error)) from None
    except Exception as defect:  # noqa: BLE001  (told without its text, which may quote what it failed on)
        raise click.ClickException(f"a defect of the operator: {logs.crash(defect)}") from None
