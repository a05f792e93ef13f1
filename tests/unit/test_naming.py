"""How a relative name becomes a data key."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.shaping import LONGEST_KEY, Keys, KeyStyle
from paramsync.core.shaping.naming import Naming, data_key, env_var

from . import strategies

ENV_VAR = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


@pytest.mark.parametrize(
    ("relative", "key"),
    [
        ("host", "HOST"),
        ("db/host", "DB_HOST"),
        ("db/read-replica/host.name", "DB_READ_REPLICA_HOST_NAME"),
        ("DbHost", "DBHOST"),
        ("_x", "_X"),
        ("-x", "_X"),
        (".x", "_X"),
        ("a1", "A1"),
        ("a//b", "A__B"),
        ("x" * LONGEST_KEY, "X" * LONGEST_KEY),
    ],
)
def test_a_relative_name_gives_the_name_of_an_environment_variable(relative: str, key: str) -> None:
    assert env_var(relative) == key


@pytest.mark.parametrize(
    ("relative", "says"),
    [
        ("1st", "1ST is no name of an environment variable; name one in keys.rename (1st: _1ST)"),
        ("9", "keys.rename (9: _9)"),
        ("a b", "characters other than letters"),
        ("a=b", "characters other than letters"),
        ("a\n", "characters other than letters"),
        ("ä", "characters other than letters"),
        ("", "characters other than letters"),
        ("x" * 254, "would have 254 characters and 253 are allowed"),
    ],
)
def test_what_cannot_be_a_key_is_refused_with_a_proposal(relative: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        env_var(relative)


@pytest.mark.parametrize("key", ["A", "a.b", "-", "_", "0", ".a", "a..b", "tls.crt", "a" * 253])
def test_a_legal_key_is_taken_as_it_is(key: str) -> None:
    assert data_key(key) == key


@pytest.mark.parametrize("key", ["", ".", "..", "..a", "...", "a b", "a/b", "a\n", "ä", "a" * 254])
def test_a_key_that_no_object_may_have_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="253 are allowed" if len(key) > 253 else "is no key: it has letters, digits"):
        data_key(key)


@given(strategies.relatives | st.text())
def test_every_key_is_a_legal_name(relative: str) -> None:
    try:
        key = env_var(relative)
    except ValueError:
        return
    assert ENV_VAR.fullmatch(key)
    assert len(key) <= 253


@pytest.mark.parametrize(
    ("naming", "relative", "key"),
    [
        (Naming(), "logLevel", "LOGLEVEL"),
        (Naming(prefix="APP_"), "db/host", "APP_DB_HOST"),
        (Naming(prefix="app_"), "db/host", "app_DB_HOST"),
        (Naming(prefix="X"), "1st", "X1ST"),
        (Naming(KeyStyle.PATH), "db/host", "db.host"),
        (Naming(KeyStyle.PATH), "logLevel", "logLevel"),
        (Naming(KeyStyle.PATH, "-"), "db/host", "db-host"),
        (Naming(KeyStyle.PATH, "__"), "db/host.name", "db__host.name"),
        (Naming(KeyStyle.PATH, prefix="app."), "db/host", "app.db.host"),
        (Naming(KeyStyle.PATH), "1st", "1st"),
        (Naming(KeyStyle.PATH), ".x", ".x"),
        (Naming(rename={"db/host": "Database.Host"}), "db/host", "Database.Host"),
        (Naming(rename={"db/host": "Database.Host"}, prefix="APP_"), "db/host", "Database.Host"),
        (Naming(rename={"db/host": "Database.Host"}), "db/port", "DB_PORT"),
    ],
)
def test_style_separator_prefix_and_rename(naming: Naming, relative: str, key: str) -> None:
    assert naming.key(relative) == key


@pytest.mark.parametrize(
    ("naming", "relative", "says"),
    [
        (Naming(KeyStyle.PATH), "...x", "...x is no key"),
        (Naming(KeyStyle.PATH), "a b", "a b is no key"),
        (Naming(KeyStyle.PATH, prefix="."), ".x", "..x is no key"),
        (Naming(KeyStyle.PATH, "___"), "x/" * 120 + "x", "the key would have 481 characters and 253 are allowed"),
        (Naming(prefix="a-"), "x", "keys.prefix a- is no beginning"),
    ],
)
def test_what_gives_no_key_is_refused(naming: Naming, relative: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        naming.key(relative)


def test_a_target_says_it_instead_of_the_sync() -> None:
    sync = Keys(style=KeyStyle.PATH, separator="-", prefix="a.", rename={"x": "x1", "y": "y1"})
    assert Naming.of(None, None) == Naming()
    assert Naming.of(sync, None) == Naming(KeyStyle.PATH, "-", "a.", {"x": "x1", "y": "y1"})
    assert Naming.of(None, sync) == Naming.of(sync, None)
    target = Keys(prefix="B_", rename={"y": "y2", "z": "z2"})
    assert Naming.of(sync, target) == Naming(KeyStyle.PATH, "-", "B_", {"x": "x1", "y": "y2", "z": "z2"})
    assert Naming.of(sync, Keys(style=KeyStyle.ENV_VAR)) == Naming(KeyStyle.ENV_VAR, "-", "a.", {"x": "x1", "y": "y1"})
