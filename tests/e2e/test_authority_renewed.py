"""Kubelet replaces the authorities that the operator trusts, and the API server shows a certificate of the new one."""

from pathlib import Path

from tests.e2e.pod import run_pod


def test_an_authority_that_is_replaced_is_trusted_and_the_old_one_is_not_needed(tmp_path: Path) -> None:
    with run_pod(tmp_path, tie="token") as pod:
        certificates = pod.cluster.certificates
        token = (pod.files.directory / "token").read_text()
        old, new = certificates.authority.read_text(), certificates.another_authority()
        both = old + new.certificate.read_text()
        certificates.authority.write_text(both)  # for the test's own requests
        pod.files.write(token, both)
        pod.restart_api_server()
        pod.works("both")

        certificates.renew_api_server(new)
        pod.files.write(token, new.certificate.read_text())
        pod.restart_api_server()

        pod.works("new")
