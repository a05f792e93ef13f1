"""Canaries: secret values that nobody can mistake for anything else, and the search for them in any form.

`find_canaries` searches places, which are pairs of a name and bytes. The other functions give the places that
an operator can write to: every write to etcd, the API server's audit log, a process, files.
"""

import hashlib
import json
import secrets
import string
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.cluster.cluster import Cluster

Place = tuple[str, bytes]

SECRETS = b"/registry/secrets/"
DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sha3_256")
SHOWN_OF_A_DIGEST = 12  # characters: a digest that was cut to this length is still found
EVERYTHING = b64encode(b"\0").decode()


@dataclass(frozen=True)
class Canary:
    """A value, and the random parts of it that come through every way of escaping."""

    name: str
    value: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, name: str, template: str) -> "Canary":
        """A canary with a random part for each `{}` of the template; the rest makes encodings differ."""
        parts = tuple(_random() for _ in range(template.count("{}")))
        return cls(name, template.format(*parts), parts)

    def __repr__(self) -> str:
        return f"Canary({self.name})"


@dataclass(frozen=True)
class Found:
    """A canary that is where it should not be. Shows no value: it may end up in the log of CI."""

    canary: str
    form: str
    place: str

    def __str__(self) -> str:
        return f"{self.canary}, {self.form}, in {self.place}"


def find_canaries(places: Iterable[Place], canaries: Iterable[Canary]) -> list[Found]:
    """Search places for the canaries: in clear, escaped, encoded or as an unsalted digest, whole or in part."""
    wanted = [(canary.name, form, needle) for canary in canaries for form, needle in forms(canary).items()]
    return [Found(name, form, place) for place, content in places for name, form, needle in wanted if needle in content]


def forms(canary: Canary) -> Mapping[str, bytes]:
    """What is searched for, by a description of it."""
    value = canary.value.encode()
    found = {
        "in clear": value,
        "as in JSON": json.dumps(canary.value)[1:-1].encode(),
        "as in JSON with other than ASCII": json.dumps(canary.value, ensure_ascii=False)[1:-1].encode(),
        "as in Python": repr(canary.value)[1:-1].encode(),
        "as in a URL": quote(canary.value, safe="").encode(),
        "as in a form": quote_plus(canary.value).encode(),
        **_encoded("", value),
        **_digests("", value),
        **_digests(" of its base64", b64encode(value)),
        **_digests(" of it as a line", value + b"\n"),
    }
    for number, part in enumerate(canary.parts, start=1):
        found[f"part {number} in clear"] = part.encode()
        found |= _encoded(f"part {number} ", part.encode())
    return found


def etcd_revision(cluster: Cluster) -> int:
    """The number of the last write to etcd so far."""
    ask = {"key": EVERYTHING, "range_end": EVERYTHING, "count_only": True}
    with closing(cluster.etcd._connect()) as connection:
        connection.request("POST", "/v3/kv/range", json.dumps(ask), {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            return int(json.load(response)["header"]["revision"])


def etcd_writes(cluster: Cluster, since: int) -> Iterator[tuple[str, int, bytes]]:
    """Key, revision and raw value of every write since a revision: also of what was overwritten or deleted.

    Raises LookupError if some of it is forgotten, which the API server lets happen after 5 minutes.
    """
    end = etcd_revision(cluster)
    ask = {"create_request": {"key": EVERYTHING, "range_end": EVERYTHING, "start_revision": since + 1}}
    with closing(cluster.etcd._connect()) as connection:
        connection.request("POST", "/v3/watch", json.dumps(ask), {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            revision = since
            while revision < end:
                result = json.loads(response.readline())["result"]
                if result.get("canceled"):
                    raise LookupError(f"etcd has forgotten what was written after revision {since}")
                for event in result.get("events", ()):
                    pair = event["kv"]
                    revision = int(pair["mod_revision"])
                    yield b64decode(pair["key"]).decode(), revision, b64decode(pair.get("value", ""))


def etcd_places(cluster: Cluster, since: int) -> Iterator[Place]:
    """Every write to etcd since a revision; of Secrets everything but their data."""
    for key, revision, value in etcd_writes(cluster, since):
        content = split_secret(value)[0] if is_secret(key) and value else value
        yield f"etcd {key} at revision {revision}", content


def split_secret(value: bytes) -> tuple[bytes, bytes]:
    """A stored Secret without its data, and its data: protobuf, as k8s.io/api/core/v1/generated.proto says."""
    magic, envelope = value[:4], value[4:]
    if magic != b"k8s\0":
        raise ValueError("not an object in Kubernetes' storage format")
    rest: list[bytes] = []
    data: list[bytes] = []
    for number, whole, content in _fields(envelope):
        if number != 2:  # Unknown.raw
            rest.append(whole)
            continue
        for inner_number, inner_whole, _ in _fields(content):
            (data if inner_number == 2 else rest).append(inner_whole)  # Secret.data
    return b"".join(rest), b"".join(data)


def is_secret(key: str) -> bool:
    """Whether a key of etcd's is that of a Secret."""
    return key.encode().startswith(SECRETS)


def audit_places(cluster: Cluster, since: int) -> Iterator[Place]:
    """The lines of the API server's audit log since a mark of it."""
    end = cluster.audit_mark()
    with cluster.audit_log.open("rb") as file:
        file.seek(since)
        for number, line in enumerate(file.read(end - since).splitlines(), start=1):
            yield f"line {number} of the audit log", line


def process_places(pid: int) -> Iterator[Place]:
    """What everybody on the machine may read of a process: its command line and the names of its threads.

    And its environment, which its own user and a crash report may.
    """
    process = Path("/proc") / str(pid)
    for path in (process / "cmdline", process / "environ", *process.glob("task/*/comm")):
        yield str(path), path.read_bytes()


def file_places(directory: Path) -> Iterator[Place]:
    """All files below a directory, and their names."""
    for path in sorted(directory.rglob("*")):
        yield f"the name of {path}", str(path).encode()
        if path.is_file():
            yield str(path), path.read_bytes()


def _random() -> str:
    """Ten characters, a digit among them: no word, no code of an error."""
    return secrets.choice(string.digits) + "".join(
        secrets.choice(string.ascii_letters + string.digits) for _ in range(9)
    )


def _encoded(prefix: str, value: bytes) -> dict[str, bytes]:
    found = {f"{prefix}in hex": value.hex().encode(), f"{prefix}in upper-case hex": value.hex().upper().encode()}
    for offset in range(3):
        text = _base64_at(offset, value)
        found[f"{prefix}in base64 at offset {offset}"] = text
        found[f"{prefix}in base64 for URLs at offset {offset}"] = text.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def _base64_at(offset: int, value: bytes) -> bytes:
    """What of its base64 depends on the value alone, if so many bytes (modulo 3) stand before it."""
    text = b64encode(b"\0" * offset + value)
    begin = (offset * 8 + 5) // 6
    return text[begin : (offset + len(value)) * 8 // 6]


def _digests(suffix: str, value: bytes) -> dict[str, bytes]:
    found = {}
    for name in DIGESTS:
        digest = hashlib.new(name, value, usedforsecurity=False)
        found[f"{name}{suffix} in hex"] = digest.hexdigest()[:SHOWN_OF_A_DIGEST].encode()
        found[f"{name}{suffix} in upper-case hex"] = digest.hexdigest()[:SHOWN_OF_A_DIGEST].upper().encode()
        found[f"{name}{suffix} in base64"] = b64encode(digest.digest())[:SHOWN_OF_A_DIGEST]
        found[f"{name}{suffix} as bytes"] = digest.digest()[:SHOWN_OF_A_DIGEST]
    return found


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The fields of a protobuf message: number, the field as a whole, its content if it has a length."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        content = b""
        match tag & 7:
            case 0:
                _, at = _varint(message, at)
            case 1:
                at += 8
            case 2:
                length, at = _varint(message, at)
                content, at = message[at : at + length], at + length
            case 5:
                at += 4
            case kind:
                raise ValueError(f"no protobuf: wire type {kind}")
        yield tag >> 3, message[start:at], content


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
