"""Files of manifests as kubectl reads them: YAML or JSON, with lines, and bounds on what a text may stand for."""

import json
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paramsync.cli.documents import Document, Unreadable, documents
from paramsync.cli.yaml_loader import Loader
from paramsync.runtime import aliases

HEAD = "apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\n"
SYNC = {
    "apiVersion": "paramsync.dev/v1alpha1",
    "kind": "ParameterSync",
    "metadata": {"name": "app"},
    "spec": {"sources": [{"path": "/a"}, {"path": "/b\t"}]},
}
PATH = ("spec", "sources", 1, "path")


def read(text: str) -> list[Document]:
    return list(documents(text))


def refused(text: str) -> tuple[int, str]:
    with pytest.raises(Unreadable) as caught:
        read(text)
    return caught.value.line, str(caught.value)


@pytest.mark.parametrize("indent", ["\t", "  ", " \t", None])
def test_json_has_its_lines_whatever_it_is_indented_by(indent: str | None) -> None:
    text = json.dumps(SYNC, indent=indent)
    (found,) = read(f"\n{text}\n")
    assert found.content == SYNC
    wanted = 2 + next(number for number, line in enumerate(text.splitlines()) if "/b" in line)
    assert found.line(PATH) == wanted
    assert found.line((*PATH[:-1], "recursive")) == wanted - (0 if indent is None else 1)


@pytest.mark.parametrize("between", ["\n", "", "\n---\n", "\r\n---\t\r\n\n"])
def test_json_documents_may_follow_each_other(between: str) -> None:
    foreign = json.dumps({"apiVersion": "v1", "kind": "ConfigMap"}, indent="\t")
    text = json.dumps(SYNC, indent="\t")
    found = read(f"\ufeff{text}{between}{foreign}{between}{text}\n---\n")
    assert [(each.number, each.content) for each in found] == [(1, SYNC), (3, SYNC)]
    assert [each.line(()) for each in found] == [1, 1 + 2 * between.count("\n") + text.count("\n") + 3]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_json_means_what_it_says(part: object) -> None:
    (found,) = read(json.dumps(SYNC | {"spec": part}, indent="\t"))
    assert found.content == SYNC | {"spec": part}
    assert found.line(()) == 1


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n\t"apiVersion": "paramsync.dev/v1alpha1",\n\t"kind": nope\n}', 3, "it is not JSON: Expecting value"),
        ('{\n\t"apiVersion": "paramsync.dev/v1alpha1",\n\t"kind": "a\n}', 3, "not JSON: Invalid control character"),
        ('{\n\t"apiVersion": "paramsync.dev/v1alpha1"\n}\nspec: 1', 4, "it is not JSON: Expecting value"),
        ('{\n"apiVersion": "paramsync.dev/v1alpha1",\n"kind": [\n', 4, "it is not YAML: "),
        (
            '\n\n{"apiVersion": "paramsync.dev/v1alpha1",\n\t"spec": [{},\n\t{"a": 1,\n\t"a": 2}]}',
            6,
            'key "a" is there twice',
        ),
        ('{"apiVersion": "paramsync.dev/v1alpha1", "spec": NaN}', 1, "it has a number that cannot be read"),
        (f'{{"apiVersion": "paramsync.dev/v1alpha1", "spec": {"1" * 5000}}}', 1, "it has a number that cannot be read"),
        ('{"apiVersion": "paramsync.dev/v1alpha1", "spec": ' + "[" * 20_000, 1, "it is nested too deeply"),
        ('{{- if "paramsync.dev" }}\n\ta: {}', 1, "it looks like a template: render it first"),
        (f"{HEAD}spec: .inf", 1, "it holds what JSON does not"),
        (f"{HEAD}spec: {'[' * 20_000}", 1, "it is nested too deeply"),
        ('\n{"apiVersion": "paramsync.dev/v1alpha1", "\\ud800": 1}', 2, "a text in it has half of a character"),
        (f'---\n{HEAD}spec: "\\ud800"', 2, "a text in it has half of a character"),
        (f"{HEAD}\tspec: 1", 3, "it is not YAML: found character"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, why: str) -> None:
    found = refused(text)
    assert found[0] == line
    assert why in found[1]


def test_json_that_is_unlike_yaml_is_read_all_the_same() -> None:
    long = "k" * 2000
    (found,) = read(json.dumps(SYNC | {"spec": {long: 1}}, indent="\t"))
    assert found.content == SYNC | {"spec": {long: 1}}
    assert found.line(("spec", long)) == 1


AS_KUBECTL = {
    "y": True, "Y": True, "yes": True, "on": True, "True": True, "n": False, "N": False, "No": False, "off": False,
    "oFF": "oFF", "nO": "nO", "1:30": "1:30", "190:20:30.15": "190:20:30.15", "2020-01-01": "2020-01-01", "=": "=",
    "0o17": 15, "017": 15, "0x1F": 31, "0b11": 3, "1_000": 1000, "+1": 1, "-0": 0, "1e3": 1000.0, ".5": 0.5,
    "1.": 1.0, "08": 8.0, "685_230.15": 685230.15, "~": None, "null": None, "": None, "nUll": "nUll", "'y'": "y",
    "!!str y": "y", ".": ".", "1.2.3": "1.2.3",
}  # fmt: skip
"""What a plain scalar is for sigs.k8s.io/yaml; tests/edge/test_validate.py asks kubectl for the same."""


@pytest.mark.parametrize(("plain", "means"), AS_KUBECTL.items())
def test_a_plain_scalar_is_what_it_is_for_kubectl(plain: str, means: object) -> None:
    (found,) = read(f"{HEAD}spec: {plain}\n")
    assert isinstance(found.content, dict)
    assert (type(found.content["spec"]), found.content["spec"]) == (type(means), means)


def test_two_escapes_may_make_one_character() -> None:
    for text in ('{"apiVersion": "paramsync.dev/v1alpha1", "a": "\\ud83d\\ude00"}', f'{HEAD}a: "\\ud83d\\ude00"'):
        (found,) = read(text)
        assert isinstance(found.content, dict)
        assert found.content["a"] == "\U0001f600"


def bomb(levels: int, width: int = 9) -> str:
    lines = [f"l0: &l0 [{', '.join('1' * width)}]"]
    lines += [f"l{each}: &l{each} [{', '.join([f'*l{each - 1}'] * width)}]" for each in range(1, levels)]
    return "\n".join(lines) + "\n"


def test_aliases_may_not_stand_for_more_than_anybody_writes() -> None:
    line, why = refused(f"a: 1\n---\n{HEAD}{bomb(8)}")
    assert (line, why) == (3, "its aliases repeat more than 100,000 values: write fewer of them")
    assert len(read(f"{HEAD}{bomb(4)}")) == 1
    merged = "a: &m0 {x: 1}\n" + "".join(
        f"b{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    assert "its aliases repeat" in refused(f"{HEAD}{merged}")[1]


def composed(text: str) -> yaml.Node:
    node = yaml.compose(text, Loader)
    assert node is not None
    return node


def test_what_aliases_repeat_is_counted() -> None:
    just = f"x: &x [{', '.join('1' * 999)}]\nall: [{', '.join(['*x'] * 100)}]"
    node = composed(just)
    assert aliases.bounded(node) is node
    with pytest.raises(aliases.TooManyAliases):
        aliases.bounded(composed(just.replace("*x]", "*x, *x]")))


def test_others_documents_need_not_be_of_known_types() -> None:
    text = dedent(f"""\
        a: !Ref x
        b: {bomb(1).split(": ", 1)[1].strip()}
        ---
        apiVersion: paramsync.dev/v1alpha1
        """)
    assert [each.number for each in read(text)] == [2]
