"""A kubeconfig that is not as it should be: what is wrong is said, and nothing of what stands in it."""

import base64
import copy
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsync.kube.credentials import KubeconfigError
from paramsync.kube.kubeconfig import find, namespace_of
from paramsync.kube.transport import connect
from tests.unit.hidden import assert_hidden, everything_of

CANARY = "CANARY-9xQ-hunter2"
"""Stands wherever a kubeconfig keeps something secret."""

Json = Any
Place = tuple[str | int, ...]

PEM = base64.b64encode(f"-----BEGIN X-----\n{CANARY}".encode()).decode()
NO_PEM = base64.b64encode(CANARY.encode()).decode()

WHOLE: Json = {
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": PEM}}],
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
    "users": [{"name": "u", "user": {}}],
    "current-context": "a",
}

USERS: dict[str, Json] = {
    "token": {"token": CANARY},
    "password": {"username": CANARY, "password": CANARY},
    "certificate": {"client-certificate-data": PEM, "client-key-data": PEM},
    "exec": {
        "exec": {
            "command": "/no/plugin",
            "apiVersion": "client.authentication.k8s.io/v1",
            "args": [CANARY],
            "env": [{"name": "TOKEN", "value": CANARY}],
        }
    },
    "oidc": {"auth-provider": {"name": "oidc", "config": {"id-token": f"{CANARY}.{CANARY}.x", "secret": CANARY}}},
    "gcp": {"auth-provider": {"name": "gcp", "config": {"access-token": CANARY, "expiry": CANARY}}},
}

SHOWN = {"name", "current-context", "command", "certificate-authority", "client-certificate"}
"""Names: of contexts and the like, of files and programs."""


def with_user(user: Json) -> Json:
    whole = copy.deepcopy(WHOLE)
    whole["users"][0]["user"] = copy.deepcopy(user)
    return whole


def places(tree: Json, at: Place = ()) -> Iterator[Place]:
    yield at
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in below:
        yield from places(value, (*at, key))


def is_shown(place: Place) -> bool:
    return bool(place) and (place[-1] in SHOWN or (place[-2:-1] == ("context",) and place[-1] in ("user", "cluster")))


@st.composite
def broken(draw: st.DrawFn) -> Json:
    """A kubeconfig in which something has another form, is missing, or stands a level too high."""
    whole = with_user(draw(st.sampled_from([*USERS.values()])))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from([each for each in places(whole) if each]))
        above = whole
        for key in place[:-1]:
            above = above[key]
        key, inner = place[-1], above[place[-1]]
        odd = [None, True, 7, 1.5, [], {}, [CANARY], {CANARY: CANARY}, [{"name": CANARY}], [{CANARY: CANARY}], [inner]]
        change = draw(st.sampled_from(["replace", "remove", "raise"]))
        if change == "remove":
            del above[key]
        elif change == "raise" and isinstance(inner, dict) and isinstance(above, dict):
            del above[key]
            above.update(inner)
        else:
            above[key] = draw(st.sampled_from(odd if is_shown(place) else [*odd, CANARY, NO_PEM]))
    return whole


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The text of a kubeconfig with a few characters in it that mean something in YAML."""
    text = yaml.safe_dump(with_user(draw(st.sampled_from([*USERS.values()]))))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from([*list("{}[]&*!%|:'\"\t\x00"), "!!int ", "!!timestamp ", "\n"])) + text[at:]


def told(path: Path) -> str:
    """All that is said of a kubeconfig by whoever reads it."""
    texts = []
    for read in (lambda: namespace_of(str(path), None), lambda: connect(str(path), None, 1).close()):
        try:
            read()
        except KubeconfigError as error:
            texts.append(everything_of(error))
    return "".join(texts)


@settings(max_examples=200)
@given(st.one_of(broken().map(yaml.safe_dump), damaged()))
def test_nothing_of_a_broken_kubeconfig_is_shown(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("kubeconfig") / "kubeconfig"
    path.write_text(text)
    written: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        assert_hidden(told(path) + "".join(written), CANARY)
    finally:
        logging.getLogger().removeHandler(handler)


def error_of(path: Path, content: Json, context: str | None = None) -> str:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(KubeconfigError) as raised:
        find(str(path), context)
    assert_hidden(everything_of(raised.value), CANARY)
    return str(raised.value).replace(str(path.parent), "").removeprefix("no API server is known: ")


GAVE_NONE = "of user u gave no credentials: log in anew, or let the kubeconfig name a credential plugin (exec)"

WRONG: dict[str, tuple[Json, str]] = {
    "empty": ("", "the kubeconfig is empty: /kubeconfig; give --kubeconfig"),
    "no YAML": (f"a: 1\nb: {{token: {CANARY}", "the kubeconfig is not YAML: /kubeconfig, at line 2"),
    "a value of another type": (f"a: !!int {CANARY}", "the kubeconfig is not YAML: /kubeconfig"),
    "a text": (
        CANARY,
        ("the kubeconfig has not the form of one: /kubeconfig: the whole: write a map; give --kubeconfig"),
    ),
    "nothing in it": (
        {"apiVersion": "v1"},
        "the kubeconfig has no current context; give --context, or --kubeconfig",
    ),
    "an unknown context": (
        {**WHOLE, "current-context": "b"},
        "the kubeconfig has no context b: /kubeconfig; give --kubeconfig",
    ),
    "an unknown cluster": (
        {**WHOLE, "clusters": None},
        "the kubeconfig has no cluster c: /kubeconfig; give --kubeconfig",
    ),
    "an unknown user": ({**WHOLE, "users": []}, "the kubeconfig has no user u: /kubeconfig; give --kubeconfig"),
    "a user without its level": (
        {**WHOLE, "users": [{"name": "u", "token": CANARY}]},
        "user u has no level user: in /kubeconfig: what it says belongs below user; give --kubeconfig",
    ),
    "a token that is no text": (
        with_user({"token": {"value": CANARY}}),
        ("the kubeconfig has not the form of one: /kubeconfig, user u: token: write a text; give --kubeconfig"),
    ),
    "a certificate that is no base64": (
        with_user({"client-certificate-data": f"{CANARY}=A"}),
        (
            "the kubeconfig has not the form of one: /kubeconfig, user u: client-certificate-data: write PEM in base64;"
            " give --kubeconfig"
        ),
    ),
    "a key that is no PEM": (
        with_user({"client-key-data": NO_PEM}),
        (
            "the kubeconfig has not the form of one: /kubeconfig, user u: client-key-data: write PEM in base64;"
            " give --kubeconfig"
        ),
    ),
    "a key where its file should be named": (
        with_user({"client-key": CANARY}),
        "user u: the file of client-key is not there; give --kubeconfig",
    ),
    "a token where its file should be named": (
        with_user({"tokenFile": CANARY}),
        "user u: the file of tokenFile cannot be read; give --kubeconfig",
    ),
    "a certificate's file that is not there": (
        with_user({"client-certificate": "/no/certificate"}),
        "user u: the file of client-certificate is not there (/no/certificate); give --kubeconfig",
    ),
    "an auth-provider that the client does not know": (
        with_user({"auth-provider": {"name": "azure", "config": {"access-token": CANARY}}}),
        f"the auth-provider azure {GAVE_NONE}",
    ),
    "an auth-provider that fails": (
        with_user({"auth-provider": {"name": "gcp", "config": {"cmd-path": "/no/gcloud", "secret": CANARY}}}),
        f"the auth-provider gcp {GAVE_NONE}",
    ),
    "half of basic authentication": (
        with_user({"password": CANARY}),
        "user u of the kubeconfig has a username or a password, and not both: write both, or neither",
    ),
    "a token that no header may have": (
        with_user({"token": f"{CANARY}\nX: y"}),
        "the token has characters that no token has: log in anew, or write it again",
    ),
}


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, content: Json, said: str) -> None:
    assert error_of(tmp_path / "kubeconfig", content) == said


def test_a_context_that_is_asked_for_is_named(tmp_path: Path) -> None:
    assert error_of(tmp_path / "kubeconfig", WHOLE, "prod").startswith("the kubeconfig has no context prod: ")


def test_a_variable_that_holds_the_content_of_a_kubeconfig_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    for text in (yaml.safe_dump(with_user(USERS["token"])), CANARY * 1000, f"/{CANARY}"):
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", text)
        with pytest.raises(
            KubeconfigError, match=r"^no API server is known: there is no .*; give --kubeconfig$"
        ) as raised:
            find(None, None)
        assert_hidden(everything_of(raised.value), CANARY)


def test_a_proxy_that_cannot_be_used_is_not_shown(tmp_path: Path) -> None:
    whole = copy.deepcopy(WHOLE)
    whole["clusters"][0]["cluster"] = {"server": "https://127.0.0.1:1", "proxy-url": f"ftp://me:{CANARY}@proxy"}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(whole))
    with pytest.raises(KubeconfigError, match="proxy-url cannot be used") as raised:
        connect(str(tmp_path / "kubeconfig"), None, 1)
    assert_hidden(everything_of(raised.value), CANARY)


def test_files_are_merged_and_others_users_do_not_matter(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(yaml.safe_dump({"contexts": WHOLE["contexts"], "current-context": "a"}))
    rest = {**with_user({"token": "mine"}), "contexts": None}
    rest["clusters"][0]["cluster"] = {"server": "http://127.0.0.1:1", "certificate-authority-data": ""}
    rest["users"].append({"name": "other", "token": CANARY})
    second.write_text(yaml.safe_dump(rest))
    where = os.pathsep.join(map(str, (first, tmp_path / "nowhere", second)))
    assert find(where, None).configuration.api_key == {"BearerToken": "Bearer mine"}
    assert namespace_of(where, None) == "n"
