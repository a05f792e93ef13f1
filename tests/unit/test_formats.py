"""What holds for files of every format."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.shaping import FileFormat
from paramsync.core.shaping.formats.file import Format, Item, UnfitFile
from paramsync.core.shaping.formats.nesting import DEEPEST
from paramsync.core.shaping.formats.registry import FORMATS

from . import strategies
from .hidden import VALUES, assert_hidden, everything_of
from .readers import texts

formats = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
nested = pytest.mark.parametrize("form", [each for each in FORMATS.values() if each.has_lists])


def refused(form: Format, values: Mapping[str, str | tuple[str, ...]]) -> UnfitFile:
    with pytest.raises(UnfitFile) as caught:
        form.render([Item(relative, value) for relative, value in values.items()])
    return caught.value


def test_every_format_is_there() -> None:
    assert set(FORMATS) == set(FileFormat)
    assert {name for name, form in FORMATS.items() if form.has_lists} == {FileFormat.JSON, FileFormat.YAML}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        (FileFormat.PROPERTIES, "db.read-replica.hostName"),
        (FileFormat.DOTENV, "DB_READ_REPLICA_HOSTNAME"),
        (FileFormat.JSON, "db/read-replica/hostName"),
        (FileFormat.YAML, "db/read-replica/hostName"),
    ],
)
def test_names_follow_the_habit_of_the_format(name: FileFormat, entry: str) -> None:
    assert FORMATS[name].entry_name("db/read-replica/hostName") == entry


@pytest.mark.parametrize(("name", "text"), [("Properties", ""), ("Dotenv", ""), ("JSON", "{}\n"), ("YAML", "{}\n")])
def test_a_file_of_nothing_is_valid(name: str, text: str) -> None:
    assert FORMATS[FileFormat(name)].render([]) == text


@formats
@given(st.dictionaries(strategies.relatives, texts, max_size=6), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(form: Format, values: dict[str, str], chance: random.Random) -> None:
    def outcome(names: list[str]) -> object:
        try:
            return form.render([Item(name, values[name]) for name in names])
        except UnfitFile as error:
            return error.faults

    names = sorted(values)
    shuffled = list(names)
    chance.shuffle(shuffled)
    assert outcome(shuffled) == outcome(names)


@formats
def test_entries_stand_in_the_order_of_their_relative_names(form: Format) -> None:
    names = ["a", "b", "c/a", "c/b", "d"]
    text = form.render([Item(name, f"<{name}>") for name in reversed(names)])
    assert sorted(names, key=lambda name: text.index(f"<{name}>")) == names


@pytest.mark.parametrize(
    ("name", "first", "second", "entry"),
    [
        (FileFormat.PROPERTIES, "db.host", "db/host", "db.host"),
        (FileFormat.DOTENV, "db-host", "db/host", "DB_HOST"),
        (FileFormat.DOTENV, "Host", "host", "HOST"),
        (FileFormat.JSON, "a", "a", "a"),
    ],
)
def test_two_names_of_one_entry_are_both_named(name: FileFormat, first: str, second: str, entry: str) -> None:
    with pytest.raises(UnfitFile) as caught:
        FORMATS[name].render([Item(second, "x"), Item(first, "x")])
    (fault,) = caught.value.faults
    assert fault.relatives == (first, second)
    assert fault.message == (
        f"{first} and {second} both give the entry {entry}; rename one of them, or take it out of the file"
    )


@nested
def test_a_name_that_is_value_and_branch_is_named_with_the_branch(form: Format) -> None:
    error = refused(form, {"a": "x", "a-b": "x", "a/c/d": "x", "a/b": "x", "a/c": "x"})
    assert [fault.relatives for fault in error.faults] == [("a", "a/b"), ("a/c", "a/c/d")]
    assert "a is a value, and a/b needs it to be a branch; rename one of them" in str(error)


@nested
def test_a_name_that_is_nested_too_deep_is_refused(form: Format) -> None:
    deepest = "/".join("a" * DEEPEST)
    assert form.render([Item(deepest, "x")])
    assert "it has 61 levels and 60 are allowed" in str(refused(form, {f"{deepest}/a": "x"}))


@formats
def test_a_lone_surrogate_is_refused_in_values_and_names(form: Format) -> None:
    error = refused(form, {"value": "x\udc80", "\ud800": "x"})
    assert [fault.relatives for fault in error.faults] == [("value",), ("\ud800",)]
    assert r"\ud800 is not valid Unicode" in str(error)
    assert str(error).encode()


@nested
def test_what_holds_for_values_holds_for_the_elements_of_lists(form: Format) -> None:
    assert refused(form, {"list": ("x", "\ud800")}).faults[0].relatives == ("list",)


@pytest.mark.parametrize("form", [each for each in FORMATS.values() if not each.has_lists])
def test_a_flat_format_takes_no_lists(form: Format) -> None:
    with pytest.raises(TypeError, match="A is a list, and the format has none"):
        form.render([Item("A", ("x",))])


@formats
def test_all_faults_of_a_file_are_told(form: Format) -> None:
    error = refused(form, {"a/b": "\ud800", "a": "\ud800", "a-b": "\ud800"})
    assert {relative for fault in error.faults for relative in fault.relatives} == {"a", "a/b", "a-b"}
    assert len(error.faults) >= 3


@formats
@pytest.mark.parametrize("value", VALUES)
def test_no_error_has_a_value(form: Format, value: str) -> None:
    bad = f"{value}'\"\0\r$\ud800"
    error = refused(form, {"a": bad, "a/b": bad, "A": value})
    shown = everything_of(error) + repr(error.faults) + repr(Item("a", value))
    assert_hidden(shown, value)
    assert (error.__cause__, error.__context__) == (None, None)


@formats
@given(st.dictionaries(st.text(max_size=6), texts, max_size=3))
def test_any_names_give_a_file_in_utf_8_or_an_error(form: Format, values: dict[str, str]) -> None:
    try:
        text = form.render([Item(name, value) for name, value in values.items()])
    except UnfitFile:
        return
    assert text.encode().decode() == text
