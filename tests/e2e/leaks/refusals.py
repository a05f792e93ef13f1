"""Chapters of writes that are refused, and of reads that are broken, by somebody who quotes what he was shown."""

import base64
from contextlib import ExitStack

from tests.cluster.waiting import wait_until
from tests.e2e.leaks.quoting import ECHOES, REVIEWS, quoting_policy, quoting_webhook, where_values_are
from tests.e2e.leaks.story import Story
from tests.e2e.scene import MERGE

REFUSED = "refused-"
"""What the names of Secrets begin with whose refusals the API server itself notes in its audit log."""


def a_policy_that_quotes(story: Story) -> None:
    denied, warned = f"{REFUSED}by-policy", "warned-by-policy"
    with quoting_policy(story.syncs.cluster, story.syncs.namespace, denies=denied, warns=warned):
        story.put(f"/{denied}")
        story.syncs.create(denied, f"/{denied}")
        story.syncs.wait_reason(denied, "ClusterRefused")
        story.synced(warned)
    encoded = base64.b64encode(story.canaries[0].value.encode()).decode()
    assert any(encoded in warning for warning in story.gateway.warnings)


def a_webhook_that_quotes(story: Story) -> None:
    prefix = f"{REFUSED}by-"
    names = [f"{prefix}{kind}" for kind in (*REVIEWS, "defect")]
    warned = len(story.gateway.warnings)
    with quoting_webhook(story.syncs.cluster, story.syncs.namespace, prefix) as webhook:
        for name in names:
            story.put(f"/{name}")
            story.syncs.create(name, f"/{name}")
        for name in names:
            if name.endswith("warnings"):
                story.syncs.wait_reason(name, "Synced")
            else:
                story.failed(name)
        assert set(names) <= set(webhook.seen)
    assert len(story.gateway.warnings) > warned


def a_quota(story: Story) -> None:
    path = f"/api/v1/namespaces/{story.syncs.namespace}/resourcequotas"
    counts = {"count/secrets": "0"}
    story.syncs.cluster.request("POST", path, {"metadata": {"name": "none"}, "spec": {"hard": counts}})
    try:
        status = {"status": {"hard": counts, "used": counts}}
        story.syncs.cluster.request("PATCH", f"{path}/none/status", status, content_type=MERGE)
        name = f"{REFUSED}by-quota"
        story.put(f"/{name}")
        story.syncs.create(name, f"/{name}")
        story.syncs.wait_reason(name, "ClusterRefused")
    finally:
        story.syncs.cluster.request("DELETE", f"{path}/none")


def a_gateway_that_quotes_what_is_written(story: Story) -> None:
    with ExitStack() as stack:
        faults = {}
        for kind, echo in ECHOES.items():
            name = f"echo-{kind}"
            faults[name] = stack.enter_context(story.gateway.answering("PATCH", f"/secrets/{name}$", echo))
            story.put(f"/{name}")
            story.syncs.create(name, f"/{name}")
        for name in faults:
            # Its Event may be lost: where an answer ends a connection, so may a request that goes the same way.
            story.not_ready(name)
        assert all(fault.hits for fault in faults.values())


def a_gateway_that_quotes_what_is_read(story: Story) -> None:
    """The values of a Secret are read where keys of it are kept: of the sync `held`."""
    for kind, echo in ECHOES.items():
        seen: list[bytes] = []
        with story.gateway.answering("GET", "/secrets/held$", where_values_are(echo, seen)):
            story.refresh("held")
            wait_until(lambda seen=seen: seen, f"the Secret is read, and the answer is {kind}")  # type: ignore[misc]
    story.ssm.put("/held/plain", "changed again")
    story.refresh("held")
    story.syncs.wait_data("ConfigMap", "held", {"PLAIN": "changed again", "PLAIN_LIST": "a,b"})
    assert story.syncs.data("Secret", "held") == story.secrets
