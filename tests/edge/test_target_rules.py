"""What a Secret or ConfigMap may hold: our rules and a real API server's say the same of every case."""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations

import pytest

from paramsync.api.sync import SecretType
from paramsync.core.objects import Content, SecretContent
from paramsync.core.routing import TargetRef
from paramsync.core.secret_types import own_keys, problems
from paramsync.core.shaping.naming import data_key
from paramsync.core.values import SecureValue
from paramsync.kube.encoding import apply_body
from paramsync.kube.errors import Refused
from paramsync.kube.transport import APPLY, Transport
from tests.cluster.cluster import Cluster
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, origin, owner, secret_content

Data = Mapping[str, bytes]

KEYS_OF: Mapping[SecretType, frozenset[str]] = {
    SecretType.OPAQUE: frozenset(),
    SecretType.TLS: frozenset({"tls.crt", "tls.key", "ca.crt"}),
    SecretType.BASIC_AUTH: frozenset({"username", "password"}),
    SecretType.SSH_AUTH: frozenset({"ssh-privatekey"}),
    SecretType.DOCKER_CONFIG_JSON: frozenset({".dockerconfigjson"}),
}
SUITABLE = {".dockerconfigjson": b'{"auths":{}}'}
"""By key; of other keys any value."""


@pytest.fixture(scope="module")
def transport(cluster: Cluster) -> Iterator[Transport]:
    with cluster.api() as client:
        yield Transport(client)


def accepts(transport: Transport, content: Content) -> bool:
    """Whether the API server would make a target of this content."""
    path = f"/api/v1/namespaces/default/{'secrets' if content.ref == SECRET else 'configmaps'}/{content.ref.name}"
    query = {"fieldManager": "paramsync", "force": "true", "dryRun": "All"}
    body = apply_body(content, None, owner(namespace="default"))
    try:
        transport.request("PATCH", path, what="try it", query=query, body=body, content_type=APPLY)
    except Refused:
        return False
    return True


def secret(secret_type: SecretType, data: Data) -> SecretContent:
    return secret_content({key: SecureValue(value) for key, value in data.items()}, secret_type=secret_type)


def fits(content: SecretContent) -> bool:
    """Whether our rules let it pass."""
    return not problems(content, (origin(),), "/prod/pay")


def subsets(keys: frozenset[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(sorted(keys), size) for size in range(len(keys) + 1))


@pytest.mark.parametrize("secret_type", SecretType)
def test_a_type_and_its_keys_fit_exactly_if_the_api_server_takes_them(
    transport: Transport, secret_type: SecretType
) -> None:
    assert own_keys(secret_type) == KEYS_OF[secret_type]
    seen = set()
    for present in subsets(KEYS_OF[secret_type] | {"other"}):
        for empty in subsets(frozenset(present)):
            data = {key: b"" if key in empty else SUITABLE.get(key, b"content") for key in present}
            content = secret(secret_type, data)
            fit = fits(content)
            assert fit is accepts(transport, content), data
            seen.add(fit)
    assert seen == ({True} if secret_type is SecretType.OPAQUE else {True, False})


JSON = {
    "an object": b'{"auths": {"registry.example": {"auth": "x"}}}',
    "an empty object": b"{}",
    "white space around it": b" \t\r\n{} \n",
    "null": b"null",
    "a key twice": b'{"a":1,"a":2}',
    "half a surrogate pair": b'{"a":"\\ud800"}',
    "bytes that are not UTF-8": b'{"a":"\xff"}',
    "a large number": b'{"a":1e308}',
    "900 levels": b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"auths"',
    "a number": b"1",
    "true": b"true",
    "cut": b'{"auths":',
    "something after it": b"{} {}",
    "a comma at the end": b'{"a":1,}',
    "other quotes": b"{'a':1}",
    "a name without quotes": b"{a:1}",
    "a raw line break": b'{"a":"\n"}',
    "an unknown escape": b'{"a":"\\x"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a no-break space": "{}\u00a0".encode(),
    "bytes that are not UTF-8 outside of text": b"{}\xff",
    "too large a number": b'{"a":1e309}',
    "too long a number": b'{"a":' + b"9" * 400 + b"}",
    "a number that begins with 0": b'{"a":01}',
    "a number that ends with a point": b'{"a":1.}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "another spelling of null": b"NULL",
    "YAML": b"auths: {}",
    "base64 of it": b"e30=",
}


@pytest.mark.parametrize("text", JSON.values(), ids=JSON.keys())
def test_a_pull_secret_is_json_exactly_if_the_api_server_says_so(transport: Transport, text: bytes) -> None:
    content = secret(SecretType.DOCKER_CONFIG_JSON, {".dockerconfigjson": text})
    assert fits(content) is accepts(transport, content)


KEYS = [
    *("A", "a", "0", "-", "_", "a.b", "a..b", "a.", ".a", "a...", "tls.crt", ".dockerconfigjson", "-a"),
    *("a" * 253, "a" * 254, ".", "..", "...", "..a", "...a", "..2026_01_01", ".-.", "._"),
    *("", " ", "a b", " a", "a ", "a\n", "\n", "a\t", "\0", "a/b", "a\\b", "a=b", "a:b", "a,b", "$a", "a@b"),
    *("ä", "а", "A\u0301", "\u200b", "١", "🔑", "a\u2028", "\x7f", "K"),
]
"""Some of them look like others: a Cyrillic a, an Arabic digit, the sign for kelvin."""


@pytest.mark.parametrize("ref", [SECRET, CONFIG_MAP], ids=str)
@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_a_key_is_one_exactly_if_the_api_server_says_so(transport: Transport, ref: TargetRef, key: str) -> None:
    content = secret_content({key: SecureValue(b"x")}) if ref == SECRET else config_map_content({key: "x"})
    try:
        ours = data_key(key) == key
    except ValueError:
        ours = False
    assert ours is accepts(transport, content)
