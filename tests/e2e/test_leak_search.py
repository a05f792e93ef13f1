"""The search of the leak test finds what it is to find."""

import base64
import hashlib
import html
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.e2e.leaks.story import make_canaries
from tests.e2e.scene import MERGE
from tests.running.canaries import (
    audit_places,
    etcd_places,
    etcd_revision,
    etcd_writes,
    file_places,
    find_canaries,
    process_places,
    split_secret,
)


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
    cluster.request("PATCH", f"{core}/configmaps/a", {"data": {"K": "none"}}, content_type=MERGE)
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
        # Bodies of requests are in the audit log, those for Secrets excepted.
        (canaries[0].name, "the audit log"),
        (canaries[1].name, "the audit log"),
        (canaries[2].name, f"secrets/{namespace}/c"),
        (canaries[3].name, "the audit log"),
    }
    # Secrets of a namespace of an earlier test may be deleted meanwhile.
    ours = f"/registry/secrets/{namespace}/"
    stored = [value for key, _, value in etcd_writes(cluster, revision) if key.startswith(ours)]
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
