"""Chapters of what becomes of targets."""

import base64

from tests.e2e.leaks.story import PLAIN, Story
from tests.e2e.scene import MERGE, REMOVAL


def several_secrets(story: Story) -> None:
    targets = [
        {"kind": "Secret", "name": "several-a"},
        {"kind": "Secret", "name": "several-b", "types": ["SecureString"]},
        {"kind": "ConfigMap", "name": "several-c"},
    ]
    story.put("/several")
    story.syncs.create("several", "/several", targets=targets)
    story.syncs.wait_reason("several", "Synced")
    story.syncs.patch("several", {"spec": {"targets": targets[1:]}})
    story.syncs.wait_data("Secret", "several-a", None)


def a_target_of_somebody_else(story: Story) -> None:
    story.put("/conflict")
    for kind in ("Secret", "ConfigMap"):
        foreign = {"metadata": {"name": "conflict"}, "data": {"SECRET_0": base64.b64encode(b"foreign").decode()}}
        story.syncs.cluster.request("POST", story.syncs.target_path(kind, ""), foreign)
    story.syncs.create("conflict", "/conflict")
    story.syncs.wait_reason("conflict", "TargetConflict")


def an_immutable_secret(story: Story) -> None:
    story.synced("immutable")
    story.syncs.cluster.request(
        "PATCH", story.syncs.target_path("Secret", "immutable"), {"immutable": True}, content_type=MERGE
    )
    story.ssm.put("/immutable/secret-0", story.canaries[1].value, "SecureString")
    story.refresh("immutable")
    story.syncs.wait_reason("immutable", "TargetConflict")


def keys_that_others_change(story: Story) -> None:
    story.synced("drift")
    theirs = {"SECRET_0": base64.b64encode(b"changed").decode(), "THEIRS": base64.b64encode(b"new").decode()}
    for kind in ("Secret", "ConfigMap"):
        story.syncs.cluster.request(
            "PATCH",
            story.syncs.target_path(kind, "drift"),
            {"data": theirs, "metadata": {"labels": {"app.kubernetes.io/managed-by": "others"}}},
            content_type=MERGE,
            query={"fieldManager": "others"},
        )
    story.refresh("drift")
    story.syncs.wait_data("Secret", "drift", story.secrets)
    story.syncs.wait_data("ConfigMap", "drift", {"PLAIN": PLAIN, "PLAIN_LIST": "a,b"})


def a_deletion(story: Story) -> None:
    story.synced("deleted")
    story.syncs.delete("deleted")
    story.syncs.wait_data("Secret", "deleted", None)


def a_secret_is_given(story: Story) -> None:
    theirs, surplus = (base64.b64encode(canary.value.encode()).decode() for canary in story.canaries[:2])
    metadata = {"name": "given", "annotations": {"paramsync.dev/adopt": "given"}}
    foreign = {"metadata": metadata, "data": {"SECRET_1": theirs, "SURPLUS": surplus}}
    story.syncs.cluster.request("POST", story.syncs.target_path("Secret", ""), foreign)
    story.put("/given")
    story.syncs.create("given", "/given")


def the_secret_that_was_given(story: Story) -> None:
    story.syncs.wait_reason("given", "Synced", REMOVAL)
    story.syncs.wait_data("Secret", "given", story.secrets)
