"""Whatever happens to parameters and specs, one after the other: plans with files, texts, fields and decoded values
converge, and what was secure reaches Secrets and nothing else."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from paramsync.api.sync import ParameterSyncSpec, ParameterType
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import ConfigMapContent, Content, Live
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.plan import Plan
from paramsync.core.planned import plan_status
from paramsync.core.routing import TargetRef

from .builders import NOW, SECURE_STRING, STRING_LIST, parameter, planned, snapshot, written

NAMES = ("db/host", "db/port", "db/password", "token", "zones", "app", "cfg", "a.b", "certs/ca", "x")
GLOBS: tuple[Mapping[str, object], ...] = (
    {},
    {"include": ["db/*"]},
    {"exclude": ["token"]},
    {"include": ["**"], "exclude": ["app/**"]},
)
KEYS = ({"style": "Path"}, {"prefix": "P_"}, {"rename": {"db/host": "HOST"}})
TEXTS = ("${db/host}:${db/port}", "${token|base64}$$", "${db/password|urlquote}")
STEPS = 12


@dataclass
class History:
    """What happens to one sync, by chance."""

    chance: Random
    spec: ParameterSyncSpec = field(init=False)
    parameters: dict[str, dict[str, Parameter]] = field(default_factory=lambda: {"/shared": {}, "/prod/pay": {}})
    live: list[Live] = field(default_factory=list)
    secure: list[str] = field(default_factory=list)
    """A part of every value that was ever in a SecureString, and in nothing else."""

    count: int = 0

    def __post_init__(self) -> None:
        self.spec = self._spec()

    def step(self) -> None:
        """Let something happen."""
        for _ in range(self.chance.randrange(1, 4)):
            self._change()
        if self.chance.random() < 0.3:
            self.spec = self._spec()

    def plan(self, *, settled: bool = True, absence_settled: bool = True) -> Plan:
        """What would be done now; what is held is approved by chance."""
        found = self.snapshots(settled=settled, absence_settled=absence_settled)
        plan = planned(*found, spec=self.spec, live=self.live)
        if not plan.holds or self.chance.random() < 0.5:
            return plan
        approval = Approval(plan.digest, None, plan_status(plan.held, plan.held, plan.digest))
        return planned(*found, spec=self.spec, live=self.live, approval=approval)

    def snapshots(self, *, settled: bool = True, absence_settled: bool = True) -> list[Snapshot]:
        return [
            snapshot(*found.values(), path=path, settled=settled, absence_settled=absence_settled)
            for path, found in self.parameters.items()
        ]

    def carry_out(self, plan: Plan) -> None:
        kept = [each for each in self.live if each.ref in plan.kept]
        self.live = [*(written(content) for content in plan.contents), *kept]

    def _change(self) -> None:
        path, name = self.chance.choice(list(self.parameters)), self.chance.choice(NAMES)
        if self.chance.random() < 0.25:
            self.parameters[path].pop(name, None)
            return
        self.count += 1
        kind = self.chance.choice([*ParameterType, SECURE_STRING])
        mark = f"V{self.count:06}V"
        if kind is SECURE_STRING:
            self.secure.append(mark)
        moment = NOW + timedelta(milliseconds=self.count)
        made = parameter(f"{path}/{name}", self._value(name, kind, mark), kind=kind, modified=moment)
        self.parameters[path][name] = made

    def _value(self, name: str, kind: ParameterType, mark: str) -> str:
        if kind is STRING_LIST:
            return f"{mark},b,,c"
        if name in {"app", "cfg"} and self.chance.random() < 0.8:
            fields = self.chance.sample(["u", "v", "w"], self.chance.randrange(4))
            return json.dumps({each: self.chance.choice([mark, {"n": mark, "m": 1.50}]) for each in fields})
        if name.startswith("certs") and self.chance.random() < 0.8:
            return base64.b64encode(mark.encode() + b"\xff").decode()
        return mark + self.chance.choice(["", " ", "'", '"', "$", "\n", "=#"])

    def _spec(self) -> ParameterSyncSpec:
        targets = [self._target("Secret", "one"), self._target("ConfigMap", "two"), self._target("ConfigMap", "three")]
        shape: dict[str, object] = {}
        if self.chance.random() < 0.5:
            shape["expand"] = self.chance.choice([{"app": "JSON"}, {"app": "JSON", "cfg": "JSON"}])
        if self.chance.random() < 0.3:
            shape["decode"] = {"certs/*": "Base64"}
        sources = [{"path": path, "optional": True} for path in self.parameters]
        guard = {"maxRemovals": self.chance.choice([1, 2, 100])}
        chosen = targets[: self.chance.randrange(1, 4)]
        return ParameterSyncSpec.model_validate({"sources": sources, "targets": chosen, "guard": guard, **shape})

    def _target(self, kind: str, name: str) -> dict[str, object]:
        made: dict[str, object] = {"kind": kind, "name": name, **self.chance.choice(GLOBS)}
        if kind == "Secret" and self.chance.random() < 0.5:
            made["types"] = self.chance.sample([str(each) for each in ParameterType], self.chance.randrange(1, 4))
        if self.chance.random() < 0.5:
            formats = self.chance.sample(["JSON", "YAML", "Properties", "Dotenv"], self.chance.randrange(1, 3))
            made["files"] = [{"key": f"file.{each}", "format": each, **self.chance.choice(GLOBS)} for each in formats]
        if self.chance.random() < 0.3:
            made["compose"] = {"TEXT": self.chance.choice(TEXTS)}
        if self.chance.random() < 0.3:
            made["keys"] = self.chance.choice(KEYS)
        if self.chance.random() < 0.3:
            made["stringList"] = "JSON"
        return made


def shown(content: Content) -> Iterator[str]:
    """What readers of objects see who may not read Secrets."""
    yield json.dumps(dict(content.annotations))
    if isinstance(content, ConfigMapContent):
        yield from (value if isinstance(value, str) else value.decode("latin-1") for value in content.data.values())


def assert_hidden(history: History, plan: Plan) -> None:
    texts = [repr(plan), *(text for content in plan.contents for text in shown(content))]
    # Of a mark in Base64, the last characters depend on what follows.
    marks = [form for mark in history.secure for form in (mark, base64.b64encode(mark.encode()).decode()[:10])]
    assert [mark for mark in marks for text in texts if mark in text] == []


def what(plan: Plan) -> dict[TargetRef, tuple[object, ...]]:
    return {each.ref: (dict(each.data), dict(each.annotations), each.revision) for each in plan.contents}


@pytest.mark.parametrize("seed", range(100))
def test_it_converges_and_what_was_secure_stays_in_secrets(seed: int) -> None:
    history = History(Random(seed))
    for _ in range(STEPS):
        history.step()
        settled, absence_settled = (history.chance.random() < 0.8 for _ in range(2))
        plan = history.plan(settled=settled, absence_settled=absence_settled)
        assert_hidden(history, plan)
        if plan.is_stopped or plan.waits:
            continue
        history.carry_out(plan)
        then = planned(*history.snapshots(), spec=history.spec, live=history.live)
        assert_hidden(history, then)
        if then.is_stopped or then.holds:
            continue
        for values in (True, False):
            live = [written(content, values=values) for content in then.contents]
            again = planned(*history.snapshots(), spec=history.spec, live=live)
            assert (again.actions, again.needs_values) == ((), frozenset())
            assert what(again) == what(then)


def test_all_of_it_happens() -> None:
    seen: set[str] = set()
    for seed in range(40):
        history = History(Random(seed))
        for _ in range(STEPS):
            history.step()
            plan = history.plan()
            seen |= {"stopped"} if plan.is_stopped else {"held"} if plan.holds else {"carried out"}
            seen |= {"approved"} if plan.approved else set()
            if plan.is_stopped:
                continue
            history.carry_out(plan)
            for content in plan.contents:
                seen |= {part for entry in content.entries.values() for part in entry.made.split(":")[0].split(",")}
    assert seen == {"stopped", "held", "carried out", "approved", "", "json", "expand", "decode", "file", "compose"}
