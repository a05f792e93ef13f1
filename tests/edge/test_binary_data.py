"""Bytes in a ConfigMap's ``binaryData``, written by the operator's account under its policies."""

import base64
from collections.abc import Mapping

import pytest

from paramsync.core.objects import ADOPT_ANNOTATION, ConfigMapContent
from paramsync.core.rendering import Memory, render_config_map
from paramsync.core.values import Decoded
from tests.edge.account import Account
from tests.unit.builders import CONFIG_MAP, entry, origin

BYTES = Decoded(bytes(range(256)))
Data = Mapping[str, str | Decoded]


def content(data: Data) -> ConfigMapContent:
    return render_config_map(CONFIG_MAP, data, {key: entry(key.lower()) for key in data}, Memory("app", (origin(),)))


def held(account: Account) -> dict[str, str | bytes]:
    """What somebody finds in the ConfigMap."""
    found = account.stored(CONFIG_MAP)
    return {
        **found.get("data", {}),
        **{key: base64.b64decode(text) for key, text in found.get("binaryData", {}).items()},
    }


def patches(account: Account, since: int) -> list[str]:
    entries = account.cluster.audit(since)
    return [each.uri for each in entries if each.user_agent == "paramsync" and each.verb == "patch"]


STEPS: list[tuple[Data, Data]] = [
    ({"CERT": BYTES, "HOST": "x"}, {"CERT": Decoded(b""), "HOST": "x"}),
    ({"CERT": BYTES}, {}),
    ({"CERT": "text", "HOST": "x"}, {"CERT": BYTES, "HOST": "x"}),
    ({"CERT": BYTES, "HOST": "x"}, {"CERT": "text", "HOST": "x"}),
]


@pytest.mark.parametrize(("first", "then"), STEPS, ids=["changed", "dropped", "from text", "to text"])
def test_bytes_come_change_and_go_in_one_write(account: Account, first: Data, then: Data) -> None:
    account.write(content(first))
    assert held(account) == first
    since = account.cluster.audit_mark()

    account.write(content(then))

    assert held(account) == then
    assert len(patches(account, since)) == 1, "no reader sees the key missing"


def test_what_somebody_made_of_them_is_repaired(account: Account) -> None:
    account.write(content({"CERT": BYTES}))
    account.meddle(CONFIG_MAP, {"binaryData": {"CERT": "AAEC", "MORE": "AAEC"}})
    account.write(content({"CERT": BYTES}))
    assert held(account) == {"CERT": BYTES}

    account.meddle(CONFIG_MAP, {"binaryData": {"CERT": None}, "data": {"CERT": "theirs"}})
    account.write(content({"CERT": BYTES}))
    assert held(account) == {"CERT": BYTES}


def test_an_object_is_taken_over_whose_keys_are_in_the_other_place(account: Account) -> None:
    account.foreign(
        CONFIG_MAP,
        metadata={"annotations": {ADOPT_ANNOTATION: "app"}},
        data={"CERT": "theirs", "HOST": "theirs", "OLD": "theirs"},
        binaryData={"TEXT": "AAEC", "BLOB": "AAEC", "GONE": "AAEC"},
    )
    wanted = content({"CERT": BYTES, "HOST": "ours", "TEXT": "ours", "BLOB": BYTES})
    live = account.read(CONFIG_MAP)
    assert live is not None

    account.targets.apply(wanted, account.targets.take_over(wanted, live, account.owner), account.owner)

    assert held(account) == wanted.data
