"""Answers that are good for a while."""

import pytest

from paramsync.runtime.remembered import Remembered


class Asked:
    def __init__(self, *, most: int = 3) -> None:
        self.now = 100.0
        self.questions: list[str] = []
        self.takes = 0.0
        self.fails = False
        self.remembered = Remembered[str, str](self._answer, lambda: self.now, seconds=60, most=most)

    async def _answer(self, key: str) -> str:
        self.questions.append(key)
        self.now += self.takes
        if self.fails:
            raise ConnectionError
        return f"{key}{len(self.questions)}"


async def test_an_answer_is_given_again_while_it_is_young() -> None:
    asked = Asked()
    assert [await asked.remembered.get("a"), await asked.remembered.get("a")] == ["a1", "a1"]
    asked.now += 59.9
    assert await asked.remembered.get("a") == "a1"
    asked.now += 0.1
    assert await asked.remembered.get("a") == "a2"


async def test_its_age_is_counted_from_the_question() -> None:
    asked = Asked()
    asked.takes = 20.0
    await asked.remembered.get("a")
    asked.now += 40
    assert await asked.remembered.get("a") == "a2"


async def test_a_failure_is_asked_again() -> None:
    asked = Asked()
    asked.fails = True
    with pytest.raises(ConnectionError):
        await asked.remembered.get("a")
    asked.fails = False
    assert await asked.remembered.get("a") == "a2"


async def test_a_failure_is_not_covered_by_an_old_answer() -> None:
    asked = Asked()
    await asked.remembered.get("a")
    asked.now += 60
    asked.fails = True
    with pytest.raises(ConnectionError):
        await asked.remembered.get("a")


async def test_what_is_forgotten_is_asked_again() -> None:
    asked = Asked()
    await asked.remembered.get("a")
    asked.remembered.forget("a")
    asked.remembered.forget("b")
    assert await asked.remembered.get("a") == "a2"


async def test_the_oldest_go_first() -> None:
    asked = Asked()
    for key in "abc":
        await asked.remembered.get(key)
        asked.now += 30
    await asked.remembered.get("a")
    await asked.remembered.get("d")
    assert len(asked.remembered) == 3
    asked.questions.clear()
    for key in "acd":
        await asked.remembered.get(key)
    assert asked.questions == []
    await asked.remembered.get("b")
    assert asked.questions == ["b"]
