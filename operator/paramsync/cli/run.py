"""``paramsync run``: the operator itself."""

from pathlib import Path

import click


def _lease_name(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    namespace, _, name = text.partition("/")
    if not (namespace and name) or "/" in name:
        raise click.BadParameter("give the Lease as NAMESPACE/NAME")
    return namespace, name


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
    callback=_lease_name,
    help="The Lease by which several replicas agree on who leads. Default: none, this is the only replica.",
)
@click.option(
    "--listen-host", default="", show_default="all addresses", help="The address to serve probes and metrics on."
)
@click.option("--listen-port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Its port.")
@click.option(
    "--listen-port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port to this file once it is listened on; of use with port 0.",
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
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="The least level that is logged. Libraries that print bodies stay at info.",
)
def run(
    kubeconfig: str | None,
    context: str | None,
    settings: Path | None,
    lease: tuple[str, str] | None,
    listen_host: str,
    listen_port: int,
    listen_port_file: Path | None,
    log_format: str,
    log_level: str,
) -> None:
    """Run the operator until SIGTERM or Ctrl-C."""
    import asyncio

    from paramsync.kube.credentials import KubeconfigError
    from paramsync.kube.transport import connect
    from paramsync.runtime import logs
    from paramsync.runtime.leadership import LeaseName
    from paramsync.runtime.operator import API_CONNECTIONS, Listen, Operator, OperatorEnded
    from paramsync.runtime.settings import SettingsError, load

    logs.configure("json" if log_format == "json" else "text", log_level)
    try:
        loaded = load(settings)
        transport = connect(kubeconfig, context, API_CONNECTIONS)
    except (SettingsError, KubeconfigError) as error:
        raise click.ClickException(str(error)) from None

    async def serve() -> None:
        listen = Listen(listen_host, listen_port, listen_port_file)
        await Operator(transport, loaded, listen, None if lease is None else LeaseName(*lease)).run()

    try:
        asyncio.run(serve())
    except (OSError, OperatorEnded) as error:
        raise click.ClickException(str(error)) from None
    except Exception as defect:  # noqa: BLE001  (told without its text, which may quote what it failed on)
        raise click.ClickException(f"a defect of the operator: {logs.crash(defect)}") from None
