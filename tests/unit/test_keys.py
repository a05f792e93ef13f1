"""The keys of a target."""

import random

from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.overlay import Selected
from paramsync.core.reasons import Reason
from paramsync.core.shaping.keys import assign
from paramsync.core.shaping.naming import Naming

from . import strategies
from .builders import SECRET, parameter, selected


def test_a_name_that_is_kept_is_a_key_as_it_is() -> None:
    found = [selected(parameter(f"/prod/pay/{name}")) for name in ("tls.crt", "tls-crt", "a/tls.crt")]
    keys, problems = assign(SECRET, found, Naming(), {"tls.crt"})
    assert (list(keys), problems) == (["A_TLS_CRT", "TLS_CRT", "tls.crt"], [])


def test_two_names_for_one_key_are_an_error_that_names_both() -> None:
    keys, problems = assign(SECRET, [selected(parameter(f"/prod/pay/{name}")) for name in ("db/host", "db-host")])
    assert list(keys) == ["DB_HOST"]
    (problem,) = problems
    assert problem.reason is Reason.KEY_COLLISION
    assert problem.message == (
        "Parameters /prod/pay/db-host and /prod/pay/db/host both give the key DB_HOST in Secret app;"
        " give one of them another key in keys.rename (db/host: …), or leave it out with exclude"
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
    assert problem.message.startswith("Parameter /prod/pay/1st cannot become a key: 1ST is no name of an")


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
