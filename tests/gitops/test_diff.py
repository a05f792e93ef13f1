"""What Argo CD has applied and the operator has acted on differs in nothing, however it was applied and is compared."""

from collections.abc import Iterator

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.gitops.application import Application, remove
from tests.gitops.argo import Argo
from tests.gitops.desired import chart, defined, described, ours
from tests.helm.rendering import Helm
from tests.running.objects import Syncs
from tests.running.operator import Operator

pytestmark = pytest.mark.usefixtures("monitors")


@pytest.fixture(params=[False, True], ids=["client-side apply", "server-side apply"])
def app(
    argo: Argo,
    helm: Helm,
    ssm: Emulator,
    proxy: Proxy,
    operator: Operator,
    syncs: Syncs,
    request: pytest.FixtureRequest,
) -> Iterator[Application]:
    """Everything that there is, applied and acted on."""
    ssm.put(f"/{syncs.namespace}/app/password", "hunter2", "SecureString")
    ssm.put(f"/{syncs.namespace}/app/host", "db")
    objects = [*chart(helm, syncs.namespace), *ours(syncs.namespace, proxy.url)]
    made = Application(argo, syncs, objects, request.param)
    try:
        ended = made.sync()
        assert ended["phase"] == "Succeeded", ended
        syncs.wait_reason("app", "Synced")
        syncs.wait_reason("planned", "Suspended")
        yield made
    finally:
        remove(syncs.cluster, made.objects)


def test_no_field_is_left_out() -> None:
    assert defined() - described(ours("payments", "https://ssm.example")) == set()


def test_nothing_differs(app: Application) -> None:
    for server_side_diff in (False, True):
        states = app.states(server_side_diff=server_side_diff)
        assert len(states) == len(app.objects)
        assert [f"{key}: {state}" for key, state in states.items() if state != "Synced"] == []

    # Git says nothing of what a person tells the operator by an annotation.
    app.syncs.refresh("app")
    app.syncs.annotate("app", approve="0123456789abcdef")
    for server_side_diff in (False, True):
        assert app.states(server_side_diff=server_side_diff)[app.key("app")] == "Synced"

    # What differs is found; the operator, which has no part in it, does not mend it.
    app.syncs.patch("app", {"spec": {"interval": "1h"}})
    for server_side_diff in (False, True):
        state = app.states(server_side_diff=server_side_diff)[app.key("app")]
        assert state.startswith("OutOfSync"), state
        assert "+   interval: 10s" in state
