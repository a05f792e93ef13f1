"""The operator with its metrics behind TLS and a token, run as a user runs it."""

from pathlib import Path

import pytest
import urllib3

from tests.cluster.certificates import make_certificates
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.running.operator import run_operator

TOKEN = "one-of-prometheus"


def test_metrics_are_shown_over_tls_to_who_knows_the_token_and_probes_to_everybody(
    bound_kubeconfig: AccountKubeconfig, tmp_path: Path
) -> None:
    made, token_file = make_certificates(tmp_path / "authority"), tmp_path / "token"
    token_file.write_text(TOKEN)
    files = ["--metrics-certificate", str(made.server.certificate), "--metrics-key", str(made.server.key)]
    more = [*files, "--metrics-token-file", str(token_file)]
    with run_operator(bound_kubeconfig, tmp_path, more=more) as operator:
        port = wait_until((tmp_path / "metrics-port").read_text, "the port is told")
        with urllib3.PoolManager(ca_certs=str(made.authority), retries=False) as http:
            url = f"https://127.0.0.1:{port}/metrics"
            assert http.request("GET", url).status == 401
            shown = http.request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"})
            assert (shown.status, b"paramsync_leader 1.0" in shown.data) == (200, True)
            with pytest.raises(urllib3.exceptions.HTTPError):
                http.request("GET", url.replace("https", "http"), timeout=5)
        assert operator.get("/healthz")[0] == 200
        probes = (tmp_path / "port").read_text()
        assert urllib3.request("GET", f"http://127.0.0.1:{probes}/metrics").status == 404
        assert TOKEN not in operator.logs()
