"""The closed list of reasons, and what each asks of whom."""

import pytest

from paramsync.core.reasons import Nature, Problem, Reason, summary

GOOD = {
    Reason.SYNCED,
    Reason.PLANNED,
    Reason.SERVING,
    Reason.UNUSED,
    Reason.SUSPENDED,
    Reason.INTERVAL_STRETCHED,
    Reason.NEARLY_FULL,
    Reason.METADATA_KEPT,
    Reason.CONTRACT_UNCHECKED,
    Reason.LOOKS_SECRET,
    Reason.DELETION_POLICY_CHANGED,
    Reason.DRIFT_REPAIRED,
}
WAITING = {
    Reason.PENDING,
    Reason.THROTTLED,
    Reason.SOURCE_UNAVAILABLE,
    Reason.CLUSTER_UNAVAILABLE,
    Reason.INTERNAL_ERROR,
}
LAGGING = {Reason.NO_PARAMETERS, Reason.STORE_NOT_FOUND, Reason.NOT_ALLOWED, Reason.ACCESS_DENIED}


@pytest.mark.parametrize("reason", Reason)
def test_whoever_is_not_named_is_a_person(reason: Reason) -> None:
    expected = (
        Nature.GOOD
        if reason in GOOD
        else Nature.WAITING
        if reason in WAITING
        else Nature.LAGGING
        if reason in LAGGING
        else Nature.PERSON
    )
    assert reason.nature is expected


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_one_word_that_kubernetes_accepts(reason: Reason) -> None:
    assert reason.value.isascii()
    assert reason.value.isalpha()
    assert reason.value[0].isupper()
    assert len(reason.value) <= 64


def test_several_problems_are_one_message() -> None:
    first, second, third = (Problem(Reason.INVALID_KEY, name, f"{name} is bad") for name in "abc")
    assert summary((first,)) == "a is bad"
    assert summary((first, second, third)) == "a is bad (and 2 more; see status.problems)"
