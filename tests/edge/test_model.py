"""The model of the API server answers as a real one does: the same requests, by chance, to both."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.waiting import wait_until
from tests.model.answers import Answer, Request
from tests.model.objects import leaves_of
from tests.model.ownership import from_wire
from tests.model.server import JSON_PATCH, MERGE_PATCH, Server

from .model_requests import KINDS, SPEC, SYNCS, Chance, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.cluster import Cluster
    from tests.model.objects import Json
    from tests.model.ownership import Managers, Path

SEQUENCES = 12
REQUESTS = 40


@dataclass
class Pair:
    """A real API server and the model, in the same state."""

    real: Side
    model: Side
    server: Server

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.real, self.model

    def begin(self) -> None:
        """Begin with another object."""
        for side in self.sides:
            side.history.clear()

    def compare(self, make: Callable[[Side], Request], path: Callable[[Side], str]) -> str:
        """Send a request to both and compare what can be seen then; what kind of answer it was."""
        told, views = [], []
        for side in self.sides:
            before = side.history[-1:]
            answer = side.send(make(side))
            found = side.look(path(side))
            told.append((answer.status, _why(answer), side.history[-1:] != before))
            views.append(None if found is None else _view(side, found))
        request = make(self.real)
        assert told[1] == told[0], request
        assert views[1] == views[0], request
        return f"{request.method} {request.content_type.rpartition('/')[2]} {told[0][0]}"


def _why(answer: Answer) -> tuple[object, ...]:
    """Of a refusal what our code goes by: the reason, and the fields."""
    if answer.status < 400:
        return ()
    document = answer.document
    causes = (document.get("details") or {}).get("causes") or ()
    return document["reason"], sorted({each.get("field", "") for each in causes})


def _view(side: Side, found: Json) -> Json:
    """An object, without what is another on each side."""
    metadata = found["metadata"]
    names = {uid: name for name, uid in side.syncs.items()}
    uids = list(dict.fromkeys(uid for uid, _ in side.history))
    is_target = found["kind"] in KINDS.values()
    return {
        "uid": uids.index(metadata["uid"]),
        "generation": metadata.get("generation"),
        "deleting": "deletionTimestamp" in metadata,
        "leaves": {_named(path, names): _named_leaf(leaf, names) for path, leaf in leaves_of(found).items()},
        "managers": _owned(from_wire(metadata.get("managedFields", [])), names) if is_target else None,
    }


def _named(path: Path, names: dict[str, str]) -> Path:
    return tuple(names.get(part, part) for part in path)


def _named_leaf(leaf: Any, names: dict[str, str]) -> Any:
    return leaf | {"uid": names.get(leaf["uid"])} if isinstance(leaf, dict) and "uid" in leaf else leaf


def _owned(managers: Managers, names: dict[str, str]) -> dict[tuple[str, ...], set[Path]]:
    return {manager: {_named(path, names) for path in owned} for manager, owned in managers.items()}


@pytest.fixture(scope="module")
def pair(cluster: Cluster) -> Iterator[Pair]:
    def ask(request: Request) -> Answer:
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        headers = {"Accept": request.accept, "Content-Type": request.content_type, "User-Agent": request.user_agent}
        response = cluster.admin.rest_client.request(
            request.method, f"{cluster.url}{request.path}?{query}", headers=headers, body=request.body
        )
        return Answer(response.status, response.read())

    with cluster.namespace() as namespace:
        server = Server([namespace])
        made = Pair(Side(ask, namespace), Side(server.handle, namespace), server)
        for side in made.sides:
            for name in ("one", "two"):
                side.create_sync(name)
        yield made


@pytest.fixture(scope="module")
def answered() -> set[str]:
    """The kinds of answers that have been compared."""
    return set()


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_targets_are_answered_for_and_changed_in_the_same_way(pair: Pair, answered: set[str], seed: int) -> None:
    chance = Chance(seed)
    pair.begin()
    for _ in range(REQUESTS):
        answered.add(pair.compare(chance.request(), chance.path))


def test_every_kind_of_answer_was_among_them(answered: set[str]) -> None:
    """Or the comparison would prove little."""
    assert answered >= {
        *(f"PATCH apply-patch+yaml {status}" for status in (200, 201, 409, 422)),
        *(f"PATCH merge-patch+json {status}" for status in (200, 404, 409, 422)),
        *(f"PATCH strategic-merge-patch+json {status}" for status in (200, 404, 409)),
        *(f"DELETE json {status}" for status in (200, 404, 409)),
        *(f"POST json {status}" for status in (201, 409, 422)),
    }


@pytest.mark.parametrize("seed", range(2))
def test_syncs_are_answered_for_and_changed_in_the_same_way(pair: Pair, seed: int) -> None:
    chance, name = random.Random(seed), f"sync-{seed}"

    def path(side: Side) -> str:
        return f"{SYNCS.format(side.namespace)}/{name}"

    def creation(side: Side) -> Request:
        kind = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync"}
        body = {**kind, "metadata": {"name": name}, "spec": SPEC}
        return Request("POST", SYNCS.format(side.namespace), body=body)

    def merge(body: Json) -> Callable[[Side], Request]:
        return lambda side: Request("PATCH", path(side), body=body, content_type=MERGE_PATCH)

    def status(which: int, revision: str, over: str = "") -> Callable[[Side], Request]:
        """Writes a status, over one with another revision if that is given."""

        def made(side: Side) -> Request:
            uid = side.history[which][0] if side.history else "none"
            value = {"observedGeneration": 1, "revision": revision}
            read = (
                [{"op": "test", "path": "/status", "value": {"revision": over, "observedGeneration": 1}}]
                if over
                else []
            )
            test = {"op": "test", "path": "/metadata/uid", "value": uid}
            body = [test, *read, {"op": "add", "path": "/status", "value": value}]
            return Request("PATCH", f"{path(side)}/status", body=body, content_type=JSON_PATCH)

        return made

    def deletion(policy: str) -> Callable[[Side], Request]:
        return lambda side: Request("DELETE", path(side), {"propagationPolicy": policy})

    pair.begin()
    for _ in range(REQUESTS):
        drawn: list[Callable[[Side], Request]] = [
            creation,
            creation,
            merge({"spec": {"interval": chance.choice(("1m", "5m"))}}),
            merge({"metadata": {"annotations": {"paramsync.dev/refresh": chance.choice("12")}}}),
            status(chance.choice((-1, -1, 0)), chance.choice("ab")),
            status(-1, chance.choice("ab")),
            status(-1, chance.choice("ab"), over=chance.choice("ab")),
            deletion("Background"),
        ]
        pair.compare(chance.choice(drawn), path)


@pytest.mark.parametrize("policy", ["Background", "Orphan"])
def test_the_garbage_collector_takes_the_same(pair: Pair, policy: str) -> None:
    names = {"theirs": (), "one's": ("one",), "gone's": ("gone",), "both's": ("one", "gone"), "nobody's": ("never",)}

    def target(side: Side, name: str, owners: tuple[str, ...]) -> Request:
        references = [
            {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync", "name": each, "uid": side.syncs[each]}
            for each in owners
        ]
        body = {"metadata": {"name": _object(policy, name), "ownerReferences": references}, "data": {"A": "1"}}
        return Request("POST", f"/api/v1/namespaces/{side.namespace}/configmaps", body=body)

    for side in pair.sides:
        side.create_sync("gone")
        side.syncs["never"] = "0a1b2c3d-0000-4000-8000-0000000000ff"
        for name, owners in names.items():
            assert side.send(target(side, name, owners)).status == 201
        gone = f"{SYNCS.format(side.namespace)}/gone"
        assert side.send(Request("DELETE", gone, {"propagationPolicy": policy})).status == 200
    pair.server.collect()

    def found(side: Side) -> list[list[str] | None]:
        return [_owner_names(side, side.path("configmaps", _object(policy, name))) for name in names]

    expected: list[list[str] | None] = [[], ["one"], None if policy == "Background" else [], ["one"], None]
    assert found(pair.model) == expected
    wait_until(lambda: found(pair.real) == expected, "the garbage collector is done")
    for side in pair.sides:
        assert side.send(Request("GET", f"{SYNCS.format(side.namespace)}/gone")).status == 404


def _object(policy: str, name: str) -> str:
    return f"{policy}-{name}".lower().replace("'", "-")


def _owner_names(side: Side, path: str) -> list[str] | None:
    answer = side.send(Request("GET", path))
    if answer.status == 404:
        return None
    return [each["name"] for each in answer.document["metadata"].get("ownerReferences", ())]
