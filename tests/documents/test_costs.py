"""The page on costs: every calculation on it is right, and it calculates with the operator's own numbers."""

import re
from fractions import Fraction

import pytest

from paramsync.runtime.settings import DEFAULT_DECRYPTED_MIB, DEFAULT_RATE
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "costs.md").read_text()
NUMBER = r"[0-9][0-9,]*(?:\.[0-9]+)?"
CALCULATION = re.compile(rf"`({NUMBER}(?: [×/-] {NUMBER})+) = ({NUMBER})`")


def number(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def result(expression: str) -> Fraction:
    """The value of an expression. It has one kind of line, or differences only, so that it goes from left to right."""
    first, *rest = expression.split(" ")
    made = number(first)
    for sign, operand in zip(rest[::2], rest[1::2], strict=True):
        match sign:
            case "×":
                made *= number(operand)
            case "/":
                made /= number(operand)
            case _:
                made -= number(operand)
    return made


def agrees(expression: str, told: str) -> bool:
    """Whether a result is told right, to the digits that it is told with."""
    digits = len(told.partition(".")[2])
    return abs(result(expression) - number(told)) <= Fraction(1, 2 * 10**digits)


def test_there_are_as_many_calculations_as_there_seem_to_be() -> None:
    assert len(CALCULATION.findall(PAGE)) == PAGE.count(" = ") - PAGE.count("requests a second = ") >= 25


@pytest.mark.parametrize(("expression", "told"), CALCULATION.findall(PAGE))
def test_a_calculation_is_right(expression: str, told: str) -> None:
    assert agrees(expression, told), f"{float(result(expression))}"


@pytest.mark.parametrize(("expression", "told"), [("300 × 2 / 60", "11"), ("1 × 2 / 300", "0.008"), ("3 - 2", "2")])
def test_a_wrong_one_is_found(expression: str, told: str) -> None:
    assert not agrees(expression, told)


def test_the_numbers_are_the_operator_s() -> None:
    assert f"At {DEFAULT_RATE} requests a second" in PAGE
    assert f"of the budget of {DEFAULT_RATE}" in PAGE
    assert f"at most {DEFAULT_DECRYPTED_MIB} MiB" in PAGE


def test_each_row_asks_for_as_many_pages_as_its_parameters_need() -> None:
    rows = re.findall(r"^\| ([0-9,]+) \| ([0-9,]+) \| (\d+)m \| `(\d+) × (\d+) / (\d+) = ", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for paths, parameters, minutes, first, pages, seconds in rows:
        assert number(paths) == int(first)
        assert -(-int(number(parameters)) // 10) == int(pages)
        assert int(minutes) * 60 == int(seconds)
