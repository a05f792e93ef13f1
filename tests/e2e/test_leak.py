"""Never leak: whatever happens, a SecureString's value is in the data of its Secrets and nowhere else.

An operator that logs everything is led through success, change, plans, approvals, every kind of failure and
deletion, by those who quote what they are shown. Then everything that it could write to is searched, in every form
that a value could take: each write to etcd (also what was overwritten or deleted since), what it asked of the API
server and how that answered, its logs, metrics, command line, environment and files.
"""

import json
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.e2e.gateway import Gateway
from tests.e2e.leaks import holds, refusals, sources, targets
from tests.e2e.leaks.refusals import REFUSED
from tests.e2e.leaks.story import Story, make_canaries
from tests.running.canaries import (
    Place,
    audit_places,
    etcd_places,
    etcd_revision,
    etcd_writes,
    file_places,
    find_canaries,
    is_secret,
    process_places,
    split_secret,
)
from tests.running.objects import Syncs
from tests.running.operator import STORE_ACCESS, run_operator

CHAPTERS = (
    # What is believed only after 45 seconds begins first and ends last.
    holds.a_type_becomes_secure,
    holds.a_path_is_emptied,
    holds.removals_are_held,
    holds.secure_values_turn_plain,
    holds.plans_that_are_only_told,
    targets.a_secret_is_given,
    sources.success_and_change,
    targets.several_secrets,
    sources.access_denied,
    sources.decryption_denied,
    sources.a_key_that_is_gone,
    sources.answers_that_are_not_understood,
    sources.two_names_for_one_key,
    sources.a_name_that_is_no_key,
    sources.a_pull_secret_that_is_no_json,
    sources.more_than_fits,
    targets.a_target_of_somebody_else,
    targets.an_immutable_secret,
    targets.keys_that_others_change,
    refusals.a_policy_that_quotes,
    refusals.a_webhook_that_quotes,
    refusals.a_quota,
    refusals.a_gateway_that_quotes_what_is_written,
    targets.a_deletion,
    holds.the_type_that_became_secure,
    holds.the_emptied_path,
    holds.the_removals_that_are_held,
    refusals.a_gateway_that_quotes_what_is_read,
    holds.the_approval_of_the_removals,
    holds.the_secure_values_that_turned_plain,
    holds.the_plan_against_a_secret_of_somebody_else,
    targets.the_secret_that_was_given,
)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_whatever_happens_secure_values_are_in_their_secrets_and_nowhere_else(
    log_format: str,
    cluster: Cluster,
    gateway: Gateway,
    ssm: Emulator,
    proxy: Proxy,
    syncs: Syncs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canaries = make_canaries()
    revision, mark = etcd_revision(cluster), cluster.audit_mark()
    for name in ("work", "home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    own = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    stores = {"default": {"region": "eu-west-1", "endpoint": proxy.url, "access": STORE_ACCESS}}
    # What is throttled in one chapter is not to slow down the others.
    settings = {"stores": stores, "budget": {"requestsPerSecond": 1000}}

    with run_operator(
        gateway.kubeconfig, tmp_path, settings=settings, environment=own, log_format=log_format
    ) as operator:
        story = Story(ssm, proxy, gateway, syncs, operator, canaries)
        for chapter in CHAPTERS:
            chapter(story)
        process = [("/metrics", operator.get("/metrics")[1].encode()), *process_places(operator.pid)]

    audit = list(audit_places(cluster, mark))
    told = [place for place in audit if is_told_by_the_api_server(place)]
    etcd = list(etcd_places(cluster, revision))
    searched = [*etcd, *(place for place in audit if place not in told), *process, *file_places(tmp_path)]
    assert [str(found) for found in find_canaries(searched, canaries)] == []

    # So nothing was found; and this is why that means something.
    stored = [split_secret(value)[1] for key, _, value in etcd_writes(cluster, revision) if is_secret(key) and value]
    assert all(any(canary.value.encode() in data for data in stored) for canary in canaries)
    names = " ".join(name for name, _ in searched)
    for place in (f"parametersyncs/{syncs.namespace}/", f"events/{syncs.namespace}/", "operator.log", "/environ"):
        assert place in names
    assert b"a sync changed" in (tmp_path / "operator.log").read_bytes()
    assert "paramsync_reconciles_total" in process[0][1].decode()
    bodies = [json.loads(content) for _, content in audit if b'"requestObject"' in content]
    asked = {entry["objectRef"]["resource"] for entry in bodies if entry.get("userAgent") == "paramsync"}
    assert asked == {"configmaps", "events", "parametersyncs"}, "the bodies of all writes but those of Secrets"
    assert {found.canary for found in find_canaries(told, canaries)} == {canary.name for canary in canaries}


def is_told_by_the_api_server(place: Place) -> bool:
    """Whether the API server notes how a policy or a webhook refused a Secret: not the operator's doing."""
    entry = {"objectRef": {}, "responseStatus": {}, **json.loads(place[1])}
    refused = entry["objectRef"].get("resource") == "secrets" and entry["responseStatus"].get("code", 0) >= 400
    return bool(refused and entry["objectRef"].get("name", "").startswith(REFUSED))
