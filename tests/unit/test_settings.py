"""The settings file: the same models as the objects in the cluster, and errors that say where and never quote."""

from pathlib import Path

import pytest

from paramsync.runtime.settings import Settings, SettingsError, load

GOOD = """\
region: eu-west-1
stores:
  default:
    access:
    - namespaces: ["*"]
      paths: ["/prod/{namespace}"]
  other:
    region: us-east-1
    endpoint: https://vpce.example
"""


def written(directory: Path, text: str) -> Path:
    file = directory / "settings.yaml"
    file.write_text(text)
    return file


def test_without_a_file_everything_has_its_default() -> None:
    assert load(None) == Settings(stores={})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "---\n", "stores: {}"])
def test_an_empty_file_is_a_file(tmp_path: Path, text: str) -> None:
    assert load(written(tmp_path, text)) == Settings(stores={})


def test_stores_have_the_fields_of_a_cluster_parameter_store(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD))
    assert settings.region == "eu-west-1"
    assert list(settings.stores) == ["default", "other"]
    assert settings.stores["default"].access[0].paths == ("/prod/{namespace}",)
    assert settings.stores["other"].endpoint == "https://vpce.example"
    assert settings.stores["other"].access == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("regoin: eu-west-1", "regoin: Extra inputs are not permitted"),
        ("stores: {default: {acces: []}}", "stores.default.acces: Extra inputs are not permitted"),
        ("stores: {default: {roleArn: hunter2}}", "stores.default.roleArn: write the ARN of an IAM role"),
        ("stores: {default: {externalId: hunter2}}", "stores.default: externalId and sessionTags are for the role"),
        ("stores: {Not_A_Name: {}}", "stores.Not_A_Name.[key]: write a text that matches ^"),
        ("region: hunter2", "region: write a text that matches ^"),
        (
            'stores: {default: {access: [{namespaces: ["*"], paths: ["hunter2"]}]}}',
            "stores.default.access[0].paths[0]: write an absolute path",
        ),
        ("stores: {default: {endpoint: 'http://hunter2'}}", "stores.default.endpoint: write https://host[:port]"),
        (
            "watchNamespaces: []",
            "watchNamespaces: no namespace is named; name one, or leave the field out to watch all",
        ),
        ("watchNamespaces:", "watchNamespaces: no namespace is named"),
        ("watchNamespaces: hunter2", "watchNamespaces: write a list"),
        ("watchNamespaces: ['team-*']", "watchNamespaces[0]: write the whole name of a namespace"),
        ("watchNamespaces: [a, Hunter2]", "watchNamespaces[1]: write the whole name of a namespace"),
        ("watchNamespaces: ['']", "watchNamespaces[0]: write the whole name of a namespace"),
        (f"watchNamespaces: [{'a' * 64}]", "watchNamespaces[0]: write the whole name of a namespace"),
        ("watchNamespaces: [hunter2, b, hunter2]", "watchNamespaces: entry 3 is the same as entry 1; name each"),
        ("stores: []", "stores: write a map"),
        ("hunter2", "the whole: write a map"),
        ("- hunter2", "the whole: write a map"),
    ],
)
def test_what_is_not_valid_is_named_and_not_quoted(tmp_path: Path, text: str, error: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert str(raised.value).startswith(f"{file}: {error}")
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_namespaces_to_watch(tmp_path: Path) -> None:
    assert load(written(tmp_path, "watchNamespaces: [payments, 'team-1']")).watch_namespaces == ("payments", "team-1")
    assert load(written(tmp_path, GOOD)).watch_namespaces is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("region: eu-west-1\nregion: eu-west-2\n", ":2: the key 'region' stands twice"),
        ("stores:\n  default: {}\n  other: {}\n  default: {}\n", ":4: the key 'default' stands twice"),
        ("region: [hunter2\n", ":2: "),
        ("region: !!python/object/apply:os.system ['true']\n", ":1: "),
        ("\tregion: x\n", ":1: found character '\\t'"),
        ("a: 1\n---\nb: 2\n", ":2: "),
    ],
    ids=["twice", "twice below", "unfinished", "a tag", "a tab", "two documents"],
)
def test_what_is_not_yaml_is_told_with_its_line(tmp_path: Path, text: str, error: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert str(raised.value).startswith(f"{file}{error}")
    assert "hunter2" not in str(raised.value)


def test_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(b"\xff\xfehunter2")
    with pytest.raises(SettingsError, match="not YAML"):
        load(file)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: No such file or directory"):
        load(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="Is a directory"):
        load(tmp_path)


def test_what_is_nested_too_deeply_or_repeats_too_much_is_told(tmp_path: Path) -> None:
    deep = written(tmp_path, "[" * 20_000)
    with pytest.raises(SettingsError, match=f"{deep}: it is nested too deeply"):
        load(deep)
    lists = [f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]\n" for each in range(1, 9)]
    repeating = written(tmp_path, f"a0: &a0 [1]\n{''.join(lists)}region: *a8\n")
    with pytest.raises(SettingsError, match=f"{repeating}:1: its aliases repeat more than 100,000 values"):
        load(repeating)
