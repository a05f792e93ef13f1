"""What the chapters of the leak test are told with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.aws.wire import Fault
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.running.canaries import Canary
from tests.running.objects import Syncs
from tests.running.operator import Operator

PLAIN = "plain and well known"
TRIES = 60.0
"""Seconds within which a listing has tried everything, which takes longest where AWS throttles."""

ESCAPED = "{}\"'{}\\\n\t{}%ß🔑{}+/=&<>${{}}`{}"


def make_canaries() -> tuple[Canary, ...]:
    return (
        Canary.of("first", "{}{}"),
        Canary.of("second", "{}{}{}"),
        Canary.of("password in a URL", "postgres://user:{}@db/{}?x=%2F"),
        Canary.of("escaped", ESCAPED),
        Canary.of("escaped at its ends", "\n\"ß{}{}%'\\"),
    )


@dataclass
class Story:
    """What the chapters are told with. Each has a sync and a path of its own, both named like the chapter."""

    ssm: Emulator
    proxy: Proxy
    gateway: Gateway
    """Through which the operator reaches the API server."""

    syncs: Syncs
    operator: Operator
    canaries: tuple[Canary, ...]
    secrets: dict[str, str] = field(init=False)
    """What a Secret holds of a path to which `put` wrote."""

    def __post_init__(self) -> None:
        self.secrets = {f"SECRET_{number}": canary.value for number, canary in enumerate(self.canaries)}

    def put(self, path: str) -> None:
        """Every canary as a SecureString, and two plain parameters."""
        for number, canary in enumerate(self.canaries):
            self.ssm.put(f"{path}/secret-{number}", canary.value, "SecureString")
        self.ssm.put(f"{path}/plain", PLAIN)
        self.ssm.put(f"{path}/plain-list", "a,b", "StringList")

    def synced(self, name: str, **spec: object) -> None:
        """A sync that has succeeded."""
        self.put(f"/{name}")
        self.syncs.create(name, f"/{name}", **spec)
        self.syncs.wait_reason(name, "Synced")
        assert self.syncs.data("Secret", name) == self.secrets

    def refresh(self, name: str) -> None:
        """Let it read again now."""
        self.syncs.annotate(name, refresh=str(len(self.proxy.calls())))

    def failed(self, name: str) -> None:
        """Wait until a failure stands in the status of a new sync and was told in an Event."""
        self.not_ready(name)
        wait_until(
            lambda: any(each["regarding"]["name"] == name for each in self.syncs.events()),
            f"the failure of {name} is told",
            TRIES,
        )

    def not_ready(self, name: str) -> None:
        """Wait until a failure stands in the status of a new sync."""

        def stands() -> bool:
            ready = self.syncs.condition(name, "Ready")
            return ready is not None and ready["status"] == "False"

        wait_until(stands, f"the failure of {name} is in its status", TRIES)

    def wait_planned(self, name: str, key: str, action: str, timeout: float = 30) -> None:
        """Wait until the plan in the status of a sync has an action for a key."""

        def planned() -> bool:
            actions = self.syncs.get(name)["status"].get("plan", {}).get("actions", [])
            return any((each["key"], each["action"]) == (key, action) for each in actions)

        wait_until(planned, f"the plan of {name} has {action} for {key}", timeout)

    @contextmanager
    def fault(self, fault: Fault, name: str) -> Iterator[None]:
        """Let a fault befall the requests for a chapter's path."""
        rule = self.proxy.add(fault, under=f"/{name}")
        try:
            yield
        finally:
            rule.remove()
