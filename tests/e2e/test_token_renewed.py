"""Kubelet replaces the token of the operator's service account, and the old one ends."""

from pathlib import Path

from tests.e2e.pod import end_token, new_token, run_pod


def test_a_token_that_is_replaced_is_used_by_all_who_ask_the_api_server(tmp_path: Path) -> None:
    with run_pod(tmp_path, tie="old") as pod:
        old = (pod.files.directory / "token").read_text()
        pod.files.write(new_token(pod.cluster, pod.home, "new"), pod.cluster.certificates.authority.read_text())
        end_token(pod.cluster, pod.home, "old", old)

        pod.works("second")
        assert "failed" not in pod.operator.logs(), "who was refused asked again at once"

        since = pod.cluster.audit_mark()
        pod.restart_api_server()
        pod.works("third")
        unknown = [entry for entry in pod.cluster.audit(since) if entry.response.code == 401]
        assert unknown == [], "nobody asks with the old one any more"
