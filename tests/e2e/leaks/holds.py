"""Chapters of plans, of what the guard holds, and of approvals."""

import base64

from tests.e2e.leaks.story import PLAIN, Story
from tests.e2e.scene import REMOVAL
from tests.running.objects import Json


def a_type_becomes_secure(story: Story) -> None:
    story.put("/becomes-secure")
    story.ssm.put("/becomes-secure/flips", "public so far")
    story.syncs.create("becomes-secure", "/becomes-secure")
    story.syncs.wait_reason("becomes-secure", "Synced")
    assert "FLIPS" in (story.syncs.data("ConfigMap", "becomes-secure") or {})
    story.ssm.delete("/becomes-secure/flips")
    story.ssm.put("/becomes-secure/flips", story.canaries[0].value, "SecureString")
    story.refresh("becomes-secure")


def the_type_that_became_secure(story: Story) -> None:
    story.syncs.wait_data("Secret", "becomes-secure", {**story.secrets, "FLIPS": story.canaries[0].value}, REMOVAL)
    story.syncs.wait_data("ConfigMap", "becomes-secure", {"PLAIN": PLAIN, "PLAIN_LIST": "a,b"})


def a_path_is_emptied(story: Story) -> None:
    story.synced("emptied")
    for number in range(len(story.canaries)):
        story.ssm.delete(f"/emptied/secret-{number}")
    for name in ("plain", "plain-list"):
        story.ssm.delete(f"/emptied/{name}")
    story.refresh("emptied")


def the_emptied_path(story: Story) -> None:
    story.syncs.wait_reason("emptied", "NoParameters", REMOVAL)
    assert story.syncs.data("Secret", "emptied") == story.secrets


def removals_are_held(story: Story) -> None:
    story.synced("held")
    for number in range(len(story.canaries)):
        story.ssm.delete(f"/held/secret-{number}")
    story.refresh("held")


def the_removals_that_are_held(story: Story) -> None:
    story.syncs.wait_reason("held", "RemovalBlocked", REMOVAL)
    # The kept values are read from the Secret and written again beside a change.
    story.ssm.put("/held/plain", "changed")
    story.refresh("held")
    story.syncs.wait_data("ConfigMap", "held", {"PLAIN": "changed", "PLAIN_LIST": "a,b"})
    assert story.syncs.data("Secret", "held") == story.secrets


def the_approval_of_the_removals(story: Story) -> None:
    story.syncs.annotate("held", approve=status_of(story, "held")["plan"]["digest"])
    story.syncs.wait_reason("held", "Synced")
    secret = story.syncs.target("Secret", "held")
    assert secret is not None
    assert "data" not in secret
    assert "secret-0" in secret["metadata"]["annotations"]["paramsync.dev/provenance"], "its name is remembered"


def secure_values_turn_plain(story: Story) -> None:
    for name in ("downgrade", "same-value"):
        story.synced(name)
        story.ssm.delete(f"/{name}/secret-0")
    story.ssm.put("/downgrade/secret-0", PLAIN)
    # What everybody may read in Parameter Store now is held all the same, and shown to nobody here.
    story.ssm.put("/same-value/secret-0", story.canaries[0].value)
    for name in ("downgrade", "same-value"):
        story.refresh(name)


def the_secure_values_that_turned_plain(story: Story) -> None:
    for name in ("downgrade", "same-value"):
        story.syncs.wait_reason(name, "DowngradeBlocked", REMOVAL)
        assert story.syncs.data("Secret", name) == story.secrets
        assert story.syncs.data("ConfigMap", name) == {"PLAIN": PLAIN, "PLAIN_LIST": "a,b"}
        assert status_of(story, name)["plan"]["actions"]
    story.syncs.annotate("downgrade", approve=status_of(story, "downgrade")["plan"]["digest"])
    story.syncs.wait_reason("downgrade", "Synced")
    moved = {"PLAIN": PLAIN, "PLAIN_LIST": "a,b", "SECRET_0": PLAIN}
    story.syncs.wait_data("ConfigMap", "downgrade", moved)


def plans_that_are_only_told(story: Story) -> None:
    first, second = (base64.b64encode(canary.value.encode()).decode() for canary in story.canaries[:2])
    foreign = {"metadata": {"name": "foreign-plan"}, "data": {"SECRET_0": first, "SECRET_1": first, "THEIRS": second}}
    story.syncs.cluster.request("POST", story.syncs.target_path("Secret", ""), foreign)
    for name in ("new-plan", "foreign-plan"):
        story.put(f"/{name}")
        story.syncs.create(name, f"/{name}", mode="Plan")
    story.wait_planned("new-plan", "SECRET_0", "add")
    assert story.syncs.data("Secret", "new-plan") is None
    story.synced("live-plan")
    story.syncs.patch("live-plan", {"spec": {"mode": "Plan"}})
    story.syncs.wait_reason("live-plan", "Planned")
    for number, canary in enumerate(reversed(story.canaries)):
        story.ssm.put(f"/live-plan/secret-{number}", canary.value, "SecureString")
    story.refresh("live-plan")
    story.wait_planned("live-plan", "SECRET_0", "change")
    assert story.syncs.data("Secret", "live-plan") == story.secrets


def the_plan_against_a_secret_of_somebody_else(story: Story) -> None:
    story.wait_planned("foreign-plan", "THEIRS", "remove", REMOVAL)
    # The same value and another one are told alike: a plan is no way to try values.
    for key in ("SECRET_0", "SECRET_1"):
        story.wait_planned("foreign-plan", key, "replace")


def status_of(story: Story, name: str) -> Json:
    """The status of a sync."""
    status: Json = story.syncs.get(name)["status"]
    return status
