"""The operator is ready while it can read something: none of its namespaces is as little as none yet."""

import json
from http import HTTPStatus

from paramsync.runtime.operator import Listen, Operator
from paramsync.runtime.settings import Settings
from tests.model.answers import Answer, Failed, Request
from tests.model.client import transport_to

NOT_YET = "not listed yet: may the operator list syncs and stores?"
EMPTY = json.dumps({"metadata": {"resourceVersion": "1"}, "items": []}).encode()


class ApiServer:
    """There are no syncs and no stores; in some namespaces nobody may look."""

    def __init__(self) -> None:
        self.refused: set[str] = set()

    def answer(self, request: Request) -> Answer:
        if any(f"/namespaces/{namespace}/" in request.path for namespace in self.refused):
            return Failed(HTTPStatus.FORBIDDEN, "Forbidden", "no").answer
        return Answer(HTTPStatus.OK, EMPTY)


class Probed:
    """An operator that watches, and lists when it is told to."""

    def __init__(self, *namespaces: str) -> None:
        self.api = ApiServer()
        some = {"watchNamespaces": namespaces} if namespaces else {}
        settings = Settings.model_validate({"stores": {}, **some})
        self.operator = Operator(transport_to(self.api.answer), settings, Listen())
        self.operator._watching.set()

    async def listed(self, *refused: str) -> str | None:
        """Why it is not ready when it has listed once more, and was refused in some namespaces."""
        self.api.refused = set(refused)
        await self.operator._replica._relisting._list_all()
        return self.operator._unready()

    def close(self) -> None:
        self.operator._replica.close()
        self.operator._kube.close()


async def test_it_is_ready_as_long_as_one_namespace_can_be_read() -> None:
    probed = Probed("payments", "orders")
    assert probed.operator._unready() == NOT_YET
    assert await probed.listed() is None
    assert await probed.listed("payments") is None

    told = await probed.listed("payments", "orders")
    assert told is not None
    assert [each.partition(": ")[0] for each in told.split("; ")] == [
        "namespace payments cannot be read",
        "namespace orders cannot be read",
    ]
    assert await probed.listed("payments") is None, "it can be read again"
    probed.close()


async def test_of_the_whole_cluster_it_is_ready_once_that_was_listed() -> None:
    probed = Probed()
    assert probed.operator._unready() == NOT_YET
    assert await probed.listed() is None
    probed.close()
