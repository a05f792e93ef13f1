"""Plugins that a kubeconfig gets its credentials from: what they give is used, and that they fail is told."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paramsync.kube.credentials import PluginError
from paramsync.kube.errors import Unavailable
from paramsync.kube.transport import connect
from tests.edge.answering import Answering, answering, write_kubeconfig
from tests.running.objects import Json
from tests.unit.hidden import assert_hidden, everything_of

V1 = "client.authentication.k8s.io/v1"
CANARY = "CANARY-9xQ-hunter2"


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering(body=b'{"gitVersion": "v1.34.1"}') as server:
        yield server


def given(status: Json | None) -> str:
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


@pytest.fixture
def with_plugin(server: Answering, tmp_path: Path) -> Callable[[str], Path]:
    """Writes a plugin, and the kubeconfig that names it."""

    def write(script: str) -> Path:
        plugin = tmp_path / "plugin"
        plugin.write_text(f"#!/bin/sh\n{script}\n")
        plugin.chmod(0o755)
        url = f"http://127.0.0.1:{server.server_port}"
        user = {"exec": {"command": str(plugin), "apiVersion": V1, "args": [CANARY]}}
        return write_kubeconfig(tmp_path / "kubeconfig", {"server": url}, user)

    return write


def paramsync(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from paramsync.cli.main import program; program()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


NOT_ONE = "its answer is no ExecCredential of the apiVersion that the kubeconfig states; run it by hand"

FAILURES = {
    "ends with 3": (f"echo {CANARY} >&2; echo {CANARY}; exit 3", "it ended with 3; run it by hand to see why, and"),
    "no JSON": (f"echo '{CANARY}'", NOT_ONE),
    "no object": ("echo 7", "its answer is no ExecCredential; run it by hand"),
    "another version": (f"""echo '{{"apiVersion": "{CANARY}", "kind": "", "status": {{}}}}'""", NOT_ONE),
    "no status": (f"echo '{given(None)}'", "its answer is no ExecCredential; run it by hand"),
    "a token that is none": (f"echo '{given({'token': [CANARY]})}'", "its answer is no ExecCredential; run it by hand"),
    "no credentials": (f"echo '{given({'x': CANARY})}'", "it gave no credentials; run it by hand, and log in anew"),
    "no key": (f"echo '{given({'clientCertificateData': CANARY})}'", "it gave no credentials; run it by hand"),
    "no UTF-8": (r"printf '\377'", "its answer is no ExecCredential; run it by hand"),
}


@pytest.mark.parametrize(("script", "why"), FAILURES.values(), ids=FAILURES)
def test_a_plugin_that_fails_is_told(
    with_plugin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str, why: str
) -> None:
    with pytest.raises(PluginError) as raised:
        connect(str(with_plugin(script)), None, 1)
    assert str(raised.value).startswith(f"the kubeconfig's credential plugin {tmp_path / 'plugin'} failed: {why}")
    assert_hidden(everything_of(raised.value), CANARY)
    assert caplog.records == []


def test_a_plugin_that_is_not_there_is_told(with_plugin: Callable[[str], Path], tmp_path: Path) -> None:
    kubeconfig = with_plugin("")
    (tmp_path / "plugin").chmod(0o644)
    with pytest.raises(PluginError, match=r"failed: it cannot be started \(Permission denied\)$"):
        connect(str(kubeconfig), None, 1)
    (tmp_path / "plugin").unlink()
    with pytest.raises(PluginError, match=r"failed: there is no such command; install it, or mend \$PATH$"):
        connect(str(kubeconfig), None, 1)


@pytest.mark.parametrize("command", [["doctor", "--no-aws"], ["explain", "pay/app"], ["run"]], ids=" ".join)
def test_a_command_ends_in_one_line(
    with_plugin: Callable[[str], Path], server: Answering, tmp_path: Path, command: list[str]
) -> None:
    result = paramsync(*command, "--kubeconfig", with_plugin(f"echo {CANARY} >&2; exit 3"))
    text = f"the kubeconfig's credential plugin {tmp_path / 'plugin'} failed: it ended with 3;"
    assert result.returncode == 1
    (line,) = (result.stdout + result.stderr).splitlines()
    assert line.startswith((f"fail  cluster: {text}", f"Error: {text}"))
    assert CANARY not in line
    assert server.proofs == [], "nobody is asked without credentials"


def test_what_a_plugin_gives_is_used(with_plugin: Callable[[str], Path], server: Answering) -> None:
    transport = connect(str(with_plugin(f"echo '{given({'token': 'good'})}'")), None, 1)
    assert not transport.is_anonymous
    transport.version()
    assert server.proofs == ["Bearer good"]
    transport.close()

    pair = {"clientCertificateData": "a certificate", "clientKeyData": "a key"}
    transport = connect(str(with_plugin(f"echo '{given(pair)}'")), None, 1)
    found = transport.connection()
    assert found.certificate_file is not None
    assert found.key_file is not None
    assert (Path(found.certificate_file).read_text(), Path(found.key_file).read_text()) == tuple(pair.values())
    transport.close()


def test_a_plugin_that_fails_later_takes_nothing_away(
    with_plugin: Callable[[str], Path], server: Answering, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    good = given({"token": "good", "expirationTimestamp": soon})
    transport = connect(str(with_plugin(f"echo '{good}'")), None, 1)
    caplog.set_level(logging.WARNING)
    with_plugin("exit 3")
    transport.version()
    assert server.proofs == ["Bearer good"]
    assert transport.connection().token == "good"
    assert {record.getMessage() for record in caplog.records} == {
        "a credential plugin failed; what it gave before is used"
    }

    server.status = 401
    with pytest.raises(Unavailable, match=r"ask for the version: the kubeconfig's credential plugin .*: it ended with"):
        transport.version()

    server.status = 200
    with_plugin(f"echo '{given({'token': 'new', 'expirationTimestamp': soon})}'")
    transport.version()
    assert server.proofs[-1] == "Bearer new"
    transport.close()


def test_that_nothing_is_sent_is_said(server: Answering, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", {"server": f"http://127.0.0.1:{server.server_port}"}, {})
    result = paramsync("doctor", "--no-aws", "--kubeconfig", kubeconfig)
    assert result.stdout.startswith("warn  credentials: none are sent: the kubeconfig's user has none, so that ")
    assert set(server.proofs) == {None}


def test_the_line_break_at_the_end_of_a_tokens_file_is_no_part_of_it(server: Answering, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("good\n")
    user = {"tokenFile": "token"}
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", {"server": f"http://127.0.0.1:{server.server_port}"}, user)
    transport = connect(str(kubeconfig), None, 1)
    transport.version()
    assert server.proofs == ["Bearer good"]
    transport.close()
