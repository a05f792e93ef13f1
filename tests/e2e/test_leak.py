"""Never leak: whatever happens, a SecureString's value is in the data of its Secrets and nowhere else.

An operator that logs everything is led through success, change, every kind of failure and deletion. Then
everything that it could write to is searched, in every form that a value could take: each write to etcd (also
what was overwritten or deleted since), the audit log, its logs, metrics, command line, environment and files.
"""

import base64
import hashlib
import html
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import yaml
from kubernetes.client.exceptions import ApiException

from tests.aws import errors, faults
from tests.aws.emulator import Emulator
from tests.aws.errors import AwsError
from tests.aws.proxy import Proxy
from tests.aws.wire import Body, Call, Fault, Proceed, Reply
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import REMOVAL
from tests.running.canaries import (
    SECRETS,
    Canary,
    Place,
    audit_places,
    etcd_places,
    etcd_revision,
    etcd_writes,
    file_places,
    find_canaries,
    process_places,
    split_secret,
)
from tests.running.objects import Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

MERGE_PATCH = "application/merge-patch+json"
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

        def told() -> bool:
            conditions = self.syncs.get(name)["status"]["conditions"]
            return conditions[0]["status"] == "False" and any(
                event["regarding"]["name"] == name for event in self.syncs.events()
            )

        wait_until(told, f"the failure of {name} is told", TRIES)

    @contextmanager
    def fault(self, fault: Fault, name: str) -> Iterator[None]:
        """Let a fault befall the requests for a chapter's path."""
        rule = self.proxy.add(fault, under=f"/{name}")
        try:
            yield
        finally:
            rule.remove()


def success_and_change(story: Story) -> None:
    story.synced("change")
    turned = [*story.canaries[1:], story.canaries[0]]
    for number, canary in enumerate(turned):
        story.ssm.put(f"/change/secret-{number}", canary.value, "SecureString")
    story.refresh("change")
    story.syncs.wait_data("Secret", "change", {f"SECRET_{number}": each.value for number, each in enumerate(turned)})


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


def access_denied(story: Story) -> None:
    story.synced("denied")
    with story.fault(errors.denied(), "denied"):
        story.refresh("denied")
        story.syncs.wait_reason("denied", "AccessDenied")


def decryption_denied(story: Story) -> None:
    story.synced("kms")
    for number, canary in enumerate(reversed(story.canaries)):
        story.ssm.put(f"/kms/secret-{number}", canary.value, "SecureString")
    with story.fault(faults.undecryptable("/kms/secret-1"), "kms"):
        story.refresh("kms")
        story.syncs.wait_reason("kms", "DecryptionFailed")
    # A refresh tries at once what could not be decrypted.
    with story.fault(faults.undecryptable("/kms/secret-1", error=errors.invalid_key_id()), "kms"):
        story.syncs.refresh("kms")
        problems = story.syncs.get("kms")["status"]["problems"]
        assert [(each["subject"], "InvalidKeyId" in each["message"]) for each in problems] == [("/kms/secret-1", True)]
    assert story.syncs.data("Secret", "kms") == story.secrets


def a_key_that_is_gone(story: Story) -> None:
    names = [f"/no-key-at-all/secret-{number}" for number in range(len(story.canaries))]
    story.put("/no-key-at-all")
    with story.fault(faults.undecryptable(*names), "no-key-at-all"):
        story.syncs.create("no-key-at-all", "/no-key-at-all")
        story.syncs.wait_reason("no-key-at-all", "DecryptionFailed")


def answers_that_quote(canary: Canary) -> dict[str, Fault]:
    value = canary.value
    return {
        "internal": AwsError("InternalServerError", f"cannot handle {value}", 500),
        "denied": AwsError("AccessDeniedException", f"User: {value} is not authorized to read {value}"),
        "key": AwsError("InvalidKeyId", f"not a key: {value}"),
        "validation": AwsError("ValidationException", f"Value '{value}' at 'path' failed to satisfy constraint"),
        "throttled": AwsError("ThrottlingException", value),
        "code": raw(400, json.dumps({"__type": f"com.amazon#{value}", "message": value}).encode()),
        "headers": raw(500, b"<html>", {"x-amzn-ErrorType": quote(f"Odd:{value}"), "x-amzn-RequestId": quote(value)}),
        "text": raw(200, value.encode()),
        "cut": raw(200, json.dumps({"Parameters": [{"Value": value}]})[:-2].encode()),
        "list": raw(200, json.dumps([value]).encode()),
        "odd-list": raw(200, json.dumps({"Parameters": value}).encode()),
        "odd-items": raw(200, json.dumps({"Parameters": [value]}).encode()),
        "error-text": raw(500, value.encode()),
        "type": faults.edit(with_field("Type", value)),
        "version": faults.edit(with_field("Version", value)),
        "date": faults.edit(with_field("LastModifiedDate", value)),
        "arn": faults.edit(with_field("ARN", value)),
        "deep": faults.edit(with_field("Value", {"in": value})),
        "surrogate": faults.edit(with_field("Value", f"{value}\ud800")),
        "token": faults.edit(lambda body: {**body, "NextToken": value}),
    }


def raw(status: int, content: bytes, headers: dict[str, str] | None = None) -> Fault:
    async def fault(call: Call, proceed: Proceed) -> Reply:
        return Reply(status, content, headers=headers or {})

    return fault


def with_field(name: str, value: object) -> Callable[[Body], Body]:
    def edited(body: Body) -> Body:
        for parameter in body["Parameters"]:
            if parameter["Type"] == "SecureString":
                parameter[name] = value
        return body

    return edited


def answers_that_are_not_understood(story: Story) -> None:
    names = []
    for number, canary in enumerate(story.canaries):
        for kind, fault in answers_that_quote(canary).items():
            names.append(f"answer-{kind}-{number}")
            story.ssm.put(f"/{names[-1]}/secret", canary.value, "SecureString")
            story.proxy.add(fault, under=f"/{names[-1]}")
            story.syncs.create(names[-1], f"/{names[-1]}")
    for name in names:
        # An odd ARN only hides the account: that sync succeeds.
        if "-arn-" in name:
            story.syncs.wait_reason(name, "Synced", TRIES)
        else:
            story.failed(name)
    story.proxy.clear()


def two_names_for_one_key(story: Story) -> None:
    for name, canary in zip(("db/pass", "db.pass"), story.canaries, strict=False):
        story.ssm.put(f"/collision/{name}", canary.value, "SecureString")
    story.syncs.create("collision", "/collision")
    story.syncs.wait_reason("collision", "KeyCollision")


def a_name_that_is_no_key(story: Story) -> None:
    for number, canary in enumerate(story.canaries):
        story.ssm.put(f"/no-key/{number}st", canary.value, "SecureString")
    story.syncs.create("no-key", "/no-key")
    story.syncs.wait_reason("no-key", "InvalidKey")


def a_pull_secret_that_is_no_json(story: Story) -> None:
    for number, canary in enumerate(story.canaries):
        name = f"no-json-{number}"
        story.ssm.put(f"/{name}/.dockerconfigjson", f'{{"auths": {canary.value}', "SecureString")
        targets = [{"kind": "Secret", "secretType": "kubernetes.io/dockerconfigjson"}]
        story.syncs.create(name, f"/{name}", targets=targets)
        story.syncs.wait_reason(name, "InvalidValue")


def more_than_fits(story: Story) -> None:
    def grown(body: Body) -> Body:
        for parameter in body["Parameters"]:
            parameter["Value"] *= 20_000
        return body

    story.put("/too-large")
    with story.fault(faults.edit(grown), "too-large"):
        story.syncs.create("too-large", "/too-large")
        story.syncs.wait_reason("too-large", "TooLarge")


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
        "PATCH", story.syncs.target_path("Secret", "immutable"), {"immutable": True}, content_type=MERGE_PATCH
    )
    story.ssm.put("/immutable/secret-0", story.canaries[1].value, "SecureString")
    story.refresh("immutable")
    story.syncs.wait_reason("immutable", "TargetConflict")


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


def keys_that_others_change(story: Story) -> None:
    story.synced("drift")
    theirs = {"SECRET_0": base64.b64encode(b"changed").decode(), "THEIRS": base64.b64encode(b"new").decode()}
    for kind in ("Secret", "ConfigMap"):
        story.syncs.cluster.request(
            "PATCH",
            story.syncs.target_path(kind, "drift"),
            {"data": theirs, "metadata": {"labels": {"app.kubernetes.io/managed-by": "others"}}},
            content_type=MERGE_PATCH,
            query={"fieldManager": "others"},
        )
    story.refresh("drift")
    story.syncs.wait_data("Secret", "drift", story.secrets)
    story.syncs.wait_data("ConfigMap", "drift", {"PLAIN": PLAIN, "PLAIN_LIST": "a,b"})


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


def a_refusal_that_quotes(story: Story) -> None:
    """An admission policy quotes the object's data in its message, as a careless webhook would."""
    story.put("/refused")
    with quoting_policy(story.syncs.cluster, story.syncs.namespace):
        story.syncs.create("refused", "/refused")
        story.syncs.wait_reason("refused", "ClusterRefused")


def a_deletion(story: Story) -> None:
    story.synced("deleted")
    story.syncs.delete("deleted")
    story.syncs.wait_data("Secret", "deleted", None)


CHAPTERS = (
    # What is believed only after 45 seconds begins first and ends last.
    a_type_becomes_secure,
    a_path_is_emptied,
    removals_are_held,
    success_and_change,
    several_secrets,
    access_denied,
    decryption_denied,
    a_key_that_is_gone,
    answers_that_are_not_understood,
    two_names_for_one_key,
    a_name_that_is_no_key,
    a_pull_secret_that_is_no_json,
    more_than_fits,
    a_target_of_somebody_else,
    an_immutable_secret,
    keys_that_others_change,
    a_refusal_that_quotes,
    a_deletion,
    the_type_that_became_secure,
    the_emptied_path,
    the_removals_that_are_held,
)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_whatever_happens_secure_values_are_in_their_secrets_and_nowhere_else(
    log_format: str,
    cluster: Cluster,
    ssm: Emulator,
    proxy: Proxy,
    syncs: Syncs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canaries = make_canaries()
    revision, mark = etcd_revision(cluster), cluster.audit_mark()
    for name in ("work", "home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    own = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    stores = {"default": {"region": "eu-west-1", "endpoint": proxy.url, "access": STORE_ACCESS}}
    # What is throttled in one chapter is not to slow down the others.
    settings = {"stores": stores, "budget": {"requestsPerSecond": 1000}}

    with run_operator(
        cluster.kubeconfig, tmp_path, settings=settings, environment=own, log_format=log_format
    ) as operator:
        story = Story(ssm, proxy, syncs, operator, canaries)
        for chapter in CHAPTERS:
            chapter(story)
        process = [("/metrics", operator.get("/metrics")[1].encode()), *process_places(operator.pid)]

    audit = list(audit_places(cluster, mark))
    refusals = [place for place in audit if is_refusal_of_the_policy(place)]
    etcd = list(etcd_places(cluster, revision))
    searched = [*etcd, *(place for place in audit if place not in refusals), *process, *file_places(tmp_path)]
    assert [str(found) for found in find_canaries(searched, canaries)] == []

    # So nothing was found; and this is why that means something.
    stored = [split_secret(value)[1] for key, _, value in etcd_writes(cluster, revision) if is_secret(key) and value]
    assert all(any(canary.value.encode() in data for data in stored) for canary in canaries)
    names = " ".join(name for name, _ in searched)
    for place in (f"parametersyncs/{syncs.namespace}/", f"events/{syncs.namespace}/", "operator.log", "/environ"):
        assert place in names
    assert b"a sync changed" in (tmp_path / "operator.log").read_bytes()
    assert "paramsync_reconciles_total" in process[0][1].decode()
    assert {found.canary for found in find_canaries(refusals, canaries)} == {canary.name for canary in canaries}


def disguises(value: str) -> dict[str, bytes]:
    """Ways in which a value may turn up, made without the search's own code."""
    raw = value.encode()
    return {
        "clear": b"text " + raw + b" text",
        "json": json.dumps({"a": [value]}).encode(),
        "json in json": json.dumps(json.dumps({"a": value})).encode(),
        "json with other than ASCII": json.dumps({"a": value}, ensure_ascii=False).encode(),
        "yaml": yaml.safe_dump({"a": value}).encode(),
        "python": repr([value]).encode(),
        "python bytes": repr(raw).encode(),
        "url": quote(value).encode(),
        "form": urlencode({"a": value}).encode(),
        "html": html.escape(value).encode(),
        "shell": shlex.quote(value).encode(),
        "hex": raw.hex().encode(),
        "HEX": b"0x" + raw.hex().upper().encode(),
        "base64": base64.b64encode(raw),
        "base64 after 1 byte": base64.b64encode(b'"' + raw + b'"}'),
        "base64 after 2 bytes": base64.b64encode(b':"' + raw + b'"'),
        "base64 of JSON": base64.b64encode(json.dumps({"a": value}).encode()),
        "base64 for URLs": base64.urlsafe_b64encode(b"u:" + raw),
        "the first half": raw[: len(raw) * 3 // 4],
        "the last half": raw[len(raw) // 4 :],
        "md5": hashlib.md5(raw).hexdigest().encode(),
        "sha1": hashlib.sha1(raw).hexdigest().encode(),
        "sha256": hashlib.sha256(raw).hexdigest().encode(),
        "sha256, cut": hashlib.sha256(raw).hexdigest()[:16].encode(),
        "SHA256": hashlib.sha256(raw).hexdigest().upper().encode(),
        "sha256 as bytes": hashlib.sha256(raw).digest(),
        "sha256 in base64": base64.b64encode(hashlib.sha256(raw).digest()),
        "md5 in base64": base64.b64encode(hashlib.md5(raw).digest()),
        "sha256 of its base64": hashlib.sha256(base64.b64encode(raw)).hexdigest().encode(),
    }


@pytest.mark.parametrize("disguise", disguises(""))
def test_the_search_finds_a_value_in_every_disguise(disguise: str) -> None:
    canaries = make_canaries()
    for canary in canaries:
        place = ("here", b"\0 before " + disguises(canary.value)[disguise] + b" after \xff")
        assert {(found.canary, found.place) for found in find_canaries([place], canaries)} == {(canary.name, "here")}


def test_the_search_finds_what_stands_in_the_cluster_even_if_it_is_overwritten(
    cluster: Cluster, namespace: str
) -> None:
    kept, *canaries = make_canaries()
    revision, mark = etcd_revision(cluster), cluster.audit_mark()
    core = f"/api/v1/namespaces/{namespace}"
    encoded = base64.b64encode(kept.value.encode()).decode()
    cluster.request("POST", f"{core}/configmaps", {"metadata": {"name": "a"}, "data": {"K": canaries[0].value}})
    cluster.request("PATCH", f"{core}/configmaps/a", {"data": {"K": "none"}}, content_type=MERGE_PATCH)
    cluster.request("POST", f"{core}/configmaps", {"metadata": {"name": "b"}, "data": {"K": canaries[1].value}})
    cluster.request("DELETE", f"{core}/configmaps/b")
    noted = {"metadata": {"name": "c", "annotations": {"note": canaries[2].value}}, "data": {"K": encoded}}
    cluster.request("POST", f"{core}/secrets", noted)
    cluster.request("GET", f"/version?asked={quote(canaries[3].value)}")

    found = find_canaries([*etcd_places(cluster, revision), *audit_places(cluster, mark)], [kept, *canaries])

    assert {
        (each.canary, re.sub(r"line \d+ of |etcd /registry/| at revision \d+", "", each.place)) for each in found
    } == {
        (canaries[0].name, f"configmaps/{namespace}/a"),
        (canaries[1].name, f"configmaps/{namespace}/b"),
        (canaries[2].name, f"secrets/{namespace}/c"),
        (canaries[3].name, "the audit log"),
    }
    stored = [value for key, _, value in etcd_writes(cluster, revision) if is_secret(key)]
    assert [kept.value.encode() in split_secret(value)[1] for value in stored] == [True]


def test_the_search_finds_what_a_process_shows_and_writes(tmp_path: Path) -> None:
    argument, variable, name, content = make_canaries()[:4]
    script = "import sys; print('runs', flush=True); sys.stdin.read()"
    (tmp_path / "below" / name.parts[0]).mkdir(parents=True)
    (tmp_path / "below" / "file").write_text(content.value)
    with subprocess.Popen(
        [sys.executable, "-c", script, argument.value],
        env={"SOME": variable.value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        places = [*process_places(process.pid), *file_places(tmp_path)]
        process.communicate()

    found = find_canaries(places, [argument, variable, name, content])

    assert {(each.canary, each.place.rsplit("/", 1)[1]) for each in found} == {
        (argument.name, "cmdline"),
        (variable.name, "environ"),
        (name.name, name.parts[0]),
        (content.name, "file"),
    }


def test_what_was_found_can_be_printed() -> None:
    canary = make_canaries()[0]
    found = find_canaries([("here", canary.value.encode())], [canary])
    assert canary.value not in f"{canary!r} {found} {found[0]}"


def is_secret(key: str) -> bool:
    return key.encode().startswith(SECRETS)


def is_refusal_of_the_policy(place: Place) -> bool:
    """Whether the API server notes in its audit log what the policy itself said: not the operator's doing."""
    entry = {"objectRef": {}, "responseStatus": {}, **json.loads(place[1])}
    return bool(entry["objectRef"].get("name") == "refused" and entry["responseStatus"].get("code") == 422)


@contextmanager
def quoting_policy(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Refuse the Secret `refused` in a namespace, with a message that quotes its data, until the end of the context."""
    base, name = "/apis/admissionregistration.k8s.io/v1", f"quotes-{namespace}"
    policy = {
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["secrets"],
                        "resourceNames": ["refused"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "false",
                    # At run time the values are in base64 here, and CEL cannot decode it.
                    "messageExpression": "object.data.map(k, k + ' is ' + string(object.data[k])).join(', ')",
                }
            ],
        },
    }
    binding = {
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
        },
    }
    cluster.request("POST", f"{base}/validatingadmissionpolicies", policy)
    cluster.request("POST", f"{base}/validatingadmissionpolicybindings", binding)
    try:
        wait_until(lambda: _quotes(cluster, namespace), "the policy is in force")
        yield
    finally:
        cluster.request("DELETE", f"{base}/validatingadmissionpolicybindings/{name}")
        cluster.request("DELETE", f"{base}/validatingadmissionpolicies/{name}")


def _quotes(cluster: Cluster, namespace: str) -> bool:
    quoted = base64.b64encode(b"quoted").decode()
    probe = {"metadata": {"name": "refused"}, "data": {"PROBE": quoted}}
    try:
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/secrets", probe, query={"dryRun": "All"})
    except ApiException as error:
        return f"PROBE is {quoted}" in str(error.body)
    return False
