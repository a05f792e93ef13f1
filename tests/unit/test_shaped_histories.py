"""Whatever happens to parameters and specs, one after the other: plans with files, texts, fields and decoded values
converge, and what was secure reaches Secrets and nothing else."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest

from paramsync.api.sync import ParameterSyncSpec, ParameterType
from paramsync.core.annotations import decode
from paramsync.core.guard.approval import Approval
from paramsync.core.guard.hold import Hold
from paramsync.core.objects import PROVENANCE_ANNOTATION, ConfigMapContent, Content, Live
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.plan import Plan
from paramsync.core.planned import plan_status
from paramsync.core.provenance import Entry, Provenance
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef
from paramsync.core.sizes import MOST_ANNOTATION_BYTES

from .builders import NOW, SECURE_STRING, STRING_LIST, parameter, planned, snapshot, written

NAMES = ("db/host", "db/port", "db/password", "token", "zones", "app", "cfg", "a.b", "certs/ca", "x")
LONG_NAMES = tuple(f"{letter}/rather/long/name/of/a/parameter" for letter in "klmn")
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

    choices: tuple[str, ...] = NAMES
    count: int = 0

    def __post_init__(self) -> None:
        self.spec = self._spec()

    def step(self) -> None:
        """Let something happen."""
        for _ in range(self.chance.randrange(1, 4)):
            self._change()
        if self.chance.random() < 0.3:
            self.spec = self._spec()

    def mend(self, plan: Plan) -> None:
        """Delete the parameters that are held because they were secure."""
        for hold in plan.holds:
            if hold.reason is Reason.DOWNGRADE_BLOCKED:
                path = max((path for path in self.parameters if hold.subject.startswith(f"{path}/")), key=len)
                self.parameters[path].pop(hold.subject.removeprefix(f"{path}/"), None)

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
        path, name = self.chance.choice(list(self.parameters)), self.chance.choice(self.choices)
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


@dataclass
class Forgetful(History):
    """The same, where annotations of targets have little room, or are lost; what was secure is remembered here."""

    choices: tuple[str, ...] = ("db/host", "db/password", "token", "app", "app", "cfg", *LONG_NAMES)
    room: int = 0
    names: set[str] = field(default_factory=set)
    """Relative names that a target was told to be secure, as long as nobody approved that they are plain."""

    full: dict[str, set[ParameterType]] = field(default_factory=dict)
    """The types that parameters had in targets, by full name."""

    revisions: dict[TargetRef, str] = field(default_factory=dict)
    shown: set[tuple[str, Entry]] = field(default_factory=set)
    """What ConfigMaps hold."""

    seen: set[str] = field(default_factory=set)
    """What has happened."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.room = self.chance.choice([*range(500, 1_200, 100), MOST_ANNOTATION_BYTES])

    def plan(self, *, settled: bool = True, absence_settled: bool = True) -> Plan:
        found = self.snapshots(settled=settled, absence_settled=absence_settled)
        plan = planned(*found, spec=self.spec, live=self.live, revisions=self.revisions)
        reasons = {hold.reason for hold in plan.holds}
        if not plan.holds or self.chance.random() < (0.8 if Reason.DOWNGRADE_BLOCKED in reasons else 0.3):
            return plan
        approval = Approval(plan.digest, None, plan_status(plan.held, plan.held, plan.digest))
        approved = planned(*found, spec=self.spec, live=self.live, revisions=self.revisions, approval=approval)
        if approved.contents:
            self._approved(plan.holds, approved)
        return approved

    def carry_out(self, plan: Plan) -> None:
        self._check(plan)
        super().carry_out(plan)
        self.revisions = {each.ref: each.revision for each in plan.contents}
        note = {"x/note": "y" * (MOST_ANNOTATION_BYTES - self.room)}
        self.live = [replace(each, annotations={**each.annotations, **note}) for each in self.live]
        for content in plan.contents:
            text = content.annotations[PROVENANCE_ANNOTATION]
            self.seen |= {word for word in ("names", "types", "secureDigests", "unsure") if f'"{word}"' in text}
            if isinstance(content, ConfigMapContent):
                self.shown |= set(parts_of(content))
            for name, part in parts_of(content):
                self.full.setdefault(name, set()).add(part.type)
                self.names |= part.relative_names if part.type is SECURE_STRING else set()

    def lose(self) -> None:
        """Let somebody remove an annotation, by chance."""
        if self.live and self.chance.random() < 0.2:
            lost = self.chance.choice(self.live)
            left = {name: text for name, text in lost.annotations.items() if name != PROVENANCE_ANNOTATION}
            self.live = [replace(each, annotations=left) if each is lost else each for each in self.live]
            self.seen.add("lost")

    def _approved(self, holds: Iterable[Hold], plan: Plan) -> None:
        blocked = [hold for hold in holds if hold.reason is Reason.DOWNGRADE_BLOCKED]
        if not blocked:
            return
        if any("may have been" in hold.message for hold in blocked):
            self.seen.add("approved in doubt")
            self.names.clear()
        self.seen.add("approved")
        for content in plan.contents:
            for name, part in parts_of(content):
                if part.type is not SECURE_STRING:
                    self.names -= part.relative_names
                    self.full[name] = {part.type}

    def _check(self, plan: Plan) -> None:
        """Nothing that was secure is in a ConfigMap without approval."""
        for content in plan.contents:
            if isinstance(content, ConfigMapContent):
                for name, part in set(parts_of(content)) - self.shown:
                    was = self.full.get(name, set())
                    is_other = bool(was) and SECURE_STRING not in was
                    assert part.relative not in self.names, (content.ref, name, part.relative)
                    assert part.stored not in self.names or is_other, (content.ref, name, part.relative)


def parts_of(content: Content) -> Iterator[tuple[str, Entry]]:
    """What a target's keys are made of, as far as it is known: kept keys may lack names."""
    known = decode(content.annotations[PROVENANCE_ANNOTATION])
    assert known is not None
    told = Provenance(known.origins, content.entries)
    for key, entry in content.entries.items():
        if key not in content.kept:
            for name, part in zip(told.names_of(key), entry.parameters, strict=True):
                assert name is not None
                yield name, part


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


@pytest.mark.parametrize("seed", [*range(250), 3_970, 8_869, 18_086, 25_913])
def test_what_was_secure_is_never_shown_without_approval(seed: int) -> None:
    assert_never_shown(seed)


def assert_never_shown(seed: int) -> set[str]:
    history = Forgetful(Random(seed))
    for _ in range(STEPS):
        history.step()
        history.lose()
        plan = history.plan()
        assert_hidden(history, plan)
        blocked = {hold.message for hold in plan.holds if hold.reason is Reason.DOWNGRADE_BLOCKED}
        history.seen |= {"in doubt" if "may have been" in message else "by name" for message in blocked}
        if plan.is_stopped:
            history.mend(plan)
        elif not plan.waits:
            history.carry_out(plan)
    return history.seen


def test_all_of_that_happens() -> None:
    seen = set[str]().union(*(assert_never_shown(seed) for seed in range(1_000, 1_060)))
    assert seen == {
        "names", "types", "secureDigests", "unsure", "lost", "by name", "in doubt", "approved", "approved in doubt",
    }  # fmt: skip


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
