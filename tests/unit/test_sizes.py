"""Whether an object fits."""

from dataclasses import replace

import pytest

from paramsync.core.objects import PROVENANCE_ANNOTATION, ConfigMapContent, Content, SecretContent
from paramsync.core.reasons import Reason
from paramsync.core.sizes import annotation_bytes, note, problem
from paramsync.core.values import SecureValue

from .builders import CONFIG_MAP, SECRET

MIB = 1024 * 1024
MOST_OBJECT = 1_468_006
MOST_ANNOTATIONS = 256 * 1024


def config_map(sizes: dict[str, int], *, annotations: int = 0) -> Content:
    text = {"a": "x" * (annotations - 1)} if annotations else {}
    return ConfigMapContent(CONFIG_MAP, {key: "x" * size for key, size in sizes.items()}, {}, text, "r")


def secret(sizes: dict[str, int]) -> Content:
    return SecretContent(SECRET, {key: SecureValue(bytes(size)) for key, size in sizes.items()}, {}, {}, "r")


def many_keys(spare: int) -> Content:
    """A ConfigMap that stays so many bytes under the limit of a whole object."""
    keys = [f"{index:0250}" for index in range(1000)]
    values = MOST_OBJECT - 2 * 250 * 1000 - spare
    return config_map({key: values if key == keys[0] else 0 for key in keys})


@pytest.mark.parametrize(
    ("content", "foreign"),
    [
        (config_map({}), 0),
        (config_map({"A": MIB}), 0),
        (secret({"A": MIB - 1, "B": 1}), 0),
        (config_map({}, annotations=MOST_ANNOTATIONS), 0),
        (config_map({}, annotations=100), MOST_ANNOTATIONS - 100),
        (many_keys(0), 0),
    ],
    ids=["nothing", "values", "values of a Secret", "annotations", "annotations beside foreign ones", "whole object"],
)
def test_what_just_fits_is_no_problem(content: Content, foreign: int) -> None:
    assert problem(content, foreign) is None


@pytest.mark.parametrize(
    ("content", "foreign", "says"),
    [
        (config_map({"A": MIB, "B": 1}), 0, "its values would take 1,048,577 bytes and 1,048,576 are allowed"),
        (
            secret({"A": MIB, "B": 1}),
            0,
            "app would be too large: its values would take more than the 1,048,576 bytes that",
        ),
        (config_map({}, annotations=MOST_ANNOTATIONS + 1), 0, "its annotations, which list the keys, would take"),
        (config_map({}, annotations=100), MOST_ANNOTATIONS - 99, "would take 262,145 bytes and 262,144 are allowed"),
        (many_keys(-1), 0, "the whole object would take 1,468,007 bytes and 1,468,006 are allowed"),
        (many_keys(0), 1, "the whole object would take 1,468,007 bytes"),
    ],
    ids=["values", "values of a Secret", "annotations", "annotations beside foreign ones", "whole object", "all of it"],
)
def test_what_is_too_large_says_by_how_much_and_what_to_do(content: Content, foreign: int, says: str) -> None:
    found = problem(content, foreign)
    assert found is not None
    assert found.reason is Reason.TOO_LARGE
    assert found.subject == str(content.ref)
    assert says in found.message
    assert "read a narrower path, or split the path" in found.message


def nearly(share: float) -> list[tuple[str, Content]]:
    """Targets of which something is at this share of its limit, and what that is."""
    return [
        ("its values", config_map({"A": round(MIB * share)})),
        ("its values", secret({"A": round(MIB * share)})),
        ("its annotations, which list the keys", config_map({}, annotations=round(MOST_ANNOTATIONS * share))),
        ("the whole object", many_keys(round(MOST_OBJECT * (1 - share)))),
    ]


@pytest.mark.parametrize("place", range(4))
def test_what_is_nearly_full_is_told_in_words_that_do_not_change_with_every_byte(place: int) -> None:
    assert note(nearly(0.799)[place][1], 0) is None
    what, content = nearly(0.801)[place]
    found = note(content, 0)
    assert found is not None
    assert (found.reason, found.subject) == (Reason.NEARLY_FULL, str(content.ref))
    assert found.message.startswith(f"{content.ref} is nearly full: more than 80% of what is allowed for ")
    assert f"for {what};" in found.message
    assert note(nearly(0.802)[place][1], 0) == found


def test_annotations_of_others_fill_a_target_too() -> None:
    content = config_map({}, annotations=100)
    assert note(content, 209_615) is None
    assert note(content, 209_617) is not None


def test_provenance_fills_nothing_for_it_gives_way() -> None:
    provenance = {PROVENANCE_ANNOTATION: "x" * 250_000}
    assert note(ConfigMapContent(CONFIG_MAP, {}, {}, provenance, "r"), 0) is None
    full = ConfigMapContent(CONFIG_MAP, {"A": "x" * 800_000, **{f"{n:0250}": "" for n in range(600)}}, {}, {}, "r")
    assert note(full, 0) is None
    found = note(replace(full, annotations=provenance), 0)
    assert found is not None, "it counts as a part of the whole object"
    assert "for the whole object;" in found.message


def test_all_that_is_nearly_full_is_told_at_once() -> None:
    content = config_map({"A": MIB}, annotations=MOST_ANNOTATIONS)
    found = note(content, 0)
    assert found is not None
    assert "for its values and for its annotations, which list the keys and for the whole object;" in found.message


def test_bytes_count_not_characters() -> None:
    assert annotation_bytes({"a": "ß", "ü": ""}) == 5
    content = ConfigMapContent(CONFIG_MAP, {"A": "ß" * (MIB // 2) + "x"}, {}, {}, "r")
    assert problem(content, 0) is not None
