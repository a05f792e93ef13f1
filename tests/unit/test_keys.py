"""How a relative name becomes a data key."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.keys import LONGEST_KEY, assign, data_key, env_var
from paramsync.core.overlay import Selected
from paramsync.core.reasons import Reason

from . import strategies
from .builders import SECRET, parameter, selected

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
        ("1st", "1ST starts with a digit; rename the parameter, for example so that it gives _1ST"),
        ("9", "so that it gives _9"),
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
    with pytest.raises(ValueError, match="253 are allowed" if len(key) > 253 else "a key has letters, digits"):
        data_key(key)


def test_a_name_that_is_kept_is_a_key_as_it_is() -> None:
    found = [selected(parameter(f"/prod/pay/{name}")) for name in ("tls.crt", "tls-crt", "a/tls.crt")]
    keys, problems = assign(SECRET, found, {"tls.crt"})
    assert (list(keys), problems) == (["A_TLS_CRT", "TLS_CRT", "tls.crt"], [])


@given(strategies.relatives | st.text())
def test_every_key_is_a_legal_name(relative: str) -> None:
    try:
        key = env_var(relative)
    except ValueError:
        return
    assert ENV_VAR.fullmatch(key)
    assert len(key) <= 253


def test_two_names_for_one_key_are_an_error_that_names_both() -> None:
    keys, problems = assign(SECRET, [selected(parameter(f"/prod/pay/{name}")) for name in ("db/host", "db-host")])
    assert list(keys) == ["DB_HOST"]
    (problem,) = problems
    assert problem.reason is Reason.KEY_COLLISION
    assert problem.message == (
        "Parameters /prod/pay/db-host and /prod/pay/db/host both give the key DB_HOST in Secret app;"
        " rename one of them, or read them with two syncs"
    )


def test_every_further_name_for_a_key_is_named() -> None:
    _, problems = assign(SECRET, [selected(parameter(f"/prod/pay/{name}")) for name in ("a/b", "a.b", "a-b")])
    assert [problem.subject for problem in problems] == ["/prod/pay/a.b", "/prod/pay/a/b"]
    assert all("/prod/pay/a-b" in problem.message for problem in problems)


def test_a_name_that_cannot_be_a_key_is_a_problem_that_names_it() -> None:
    keys, (problem,) = assign(SECRET, [selected(parameter("/prod/pay/1st")), selected()])
    assert list(keys) == ["HOST"]
    assert problem.reason is Reason.INVALID_KEY
    assert problem.subject == "/prod/pay/1st"
    assert problem.message.startswith("Parameter /prod/pay/1st cannot become a key: 1ST starts with a digit")


@given(strategies.selections(), st.randoms(use_true_random=False))
def test_keys_and_problems_do_not_depend_on_the_order(found: list[Selected], chance: random.Random) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    keys, problems = assign(SECRET, found)
    again, same_problems = assign(SECRET, shuffled)
    assert list(again.items()) == list(keys.items())
    assert same_problems == problems
    assert list(keys) == sorted(keys)


@given(strategies.selections())
def test_every_parameter_gets_its_key_or_a_problem(found: list[Selected]) -> None:
    keys, problems = assign(SECRET, found)
    with_key = {each.name for each in keys.values()}
    with_problem = {problem.subject for problem in problems}
    assert with_key.isdisjoint(with_problem)
    assert with_key | with_problem == {each.name for each in found}
