"""Where each key came from, as an annotation."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.annotations import decode
from paramsync.core.digests import digest_of
from paramsync.core.provenance import Entry, Provenance, milliseconds

from . import strategies
from .builders import NOW, SECURE_STRING, STRING, STRING_LIST, entry, origin

EVERYTHING = 1_000_000
ENTRY = Entry(SECURE_STRING, 0, "db/password", 7, milliseconds(NOW))


def document(**changes: Any) -> str:
    """An annotation that can be read, with changes."""
    whole = {"v": 1, "sources": [{"path": "/p", "account": None, "region": "eu-west-1"}], "keys": {"A": ["S", 0, "a"]}}
    return json.dumps({**whole, **changes})


@given(strategies.provenances)
def test_what_was_written_is_read_again(provenance: Provenance) -> None:
    parts = [part for entry in provenance.entries.values() for part in entry.parameters]
    lacks_names = not provenance.digests and any(part.type is SECURE_STRING and not part.relative for part in parts)
    expected = replace(provenance, is_unsure=provenance.is_unsure or lacks_names)
    assert decode(provenance.encode(EVERYTHING)) == expected


def test_the_annotation_is_compact_json_that_a_person_can_read() -> None:
    made = Provenance((origin(store=None),), {"DB_HOST": entry("db/host"), "DB_PASSWORD": ENTRY}).encode(EVERYTHING)
    assert made == (
        '{"v":1,"sources":[{"path":"/prod/pay","account":"111122223333","region":"eu-west-1"}],"trimmed":[],'
        '"keys":{"DB_HOST":["S",0,"db/host",1,1772366400000],"DB_PASSWORD":["E",0,"db/password",7,1772366400000]}}'
    )


@pytest.mark.parametrize(
    ("dropped", "left"),
    [
        ([], ["E", 0, "db/password", 7, milliseconds(NOW), {"shadowed": [1], "renamed": True}]),
        (["overlays"], ["E", 0, "db/password", 7, milliseconds(NOW)]),
        (["overlays", "dates"], ["E", 0, "db/password", 7]),
        (["overlays", "dates", "versions"], ["E", 0, "db/password"]),
        (["overlays", "dates", "versions", "names"], ["E"]),
        (["overlays", "dates", "versions", "names", "types"], None),
    ],
    ids=lambda parts: "-".join(map(str, parts or ["nothing"])),
)
def test_trimming_drops_overlays_then_dates_then_versions_then_names_then_types(
    dropped: list[str], left: list[object] | None
) -> None:
    provenance = Provenance(
        (origin(store=None), origin("/shared", store=None)),
        {f"KEY_{each}": replace(ENTRY, shadowed=(1,), is_renamed=True) for each in "ABCDEFGH"},
    )
    expected = {
        "v": 1,
        "sources": [
            {"path": "/prod/pay", "account": "111122223333", "region": "eu-west-1"},
            {"path": "/shared", "account": "111122223333", "region": "eu-west-1"},
        ],
        "trimmed": dropped,
        **({"secureDigests": "TEuv5h"} if "names" in dropped else {}),
        "keys": {} if left is None else {f"KEY_{each}": left for each in "ABCDEFGH"},
    }
    text = json.dumps(expected, separators=(",", ":"))
    assert provenance.encode(len(text)) == text


@given(strategies.provenances, st.integers(0, 2_000))
def test_it_fits_or_is_trimmed_to_its_header(provenance: Provenance, most: int) -> None:
    text = provenance.encode(most)
    whole = json.loads(provenance.encode(EVERYTHING))
    made = json.loads(text)
    assert made["sources"] == whole["sources"]
    steps = ["overlays", "dates", "versions", "names", "types"]
    assert made["trimmed"] in [steps[first:last] for first in (0, 1) for last in range(6)]
    if "types" not in made["trimmed"]:
        assert len(text.encode()) <= most
        assert made["keys"].keys() == whole["keys"].keys()
        assert all(_is_less(facts, whole["keys"][key]) for key, facts in made["keys"].items())


def _is_less(facts: Any, whole: Any) -> bool:
    """Whether facts are those of an entry, but for some that are missing."""
    if isinstance(facts, list):
        return len(facts) <= len(whole) and all(map(_is_less, facts, whole))
    return facts is None or facts == (len(whole) if isinstance(whole, list) else whole)


@given(strategies.provenances, st.integers(0, 2_000))
def test_trimming_stops_as_soon_as_it_fits(provenance: Provenance, most: int) -> None:
    levels = [provenance._encode(level) for level in range(6)]
    levels += [provenance._encode(level, forgets=True) for level in (4, 5)]
    fitting = [text for text in levels if len(text.encode()) <= most]
    assert provenance.encode(most) == (fitting[0] if fitting else levels[-1])


class TestDigests:
    """Names of SecureStrings that are dropped leave a digest each."""

    FIELD = Entry(SECURE_STRING, 0, "app/pin", 1, milliseconds(NOW), "expand", "app")
    KEYS = {"A": entry("host"), "B": entry("password", kind=SECURE_STRING), "C": FIELD}  # noqa: RUF012

    def test_of_the_names_of_parameters_and_of_fields(self) -> None:
        known = decode(Provenance((origin(),), self.KEYS, frozenset({"went"}))._encode(4))
        assert known is not None
        assert known.digests == set(map(digest_of, ("password", "app/pin", "app")))
        assert known.once_secure == {"went"}
        assert not known.is_unsure

    def test_where_they_have_no_room_that_is_told(self) -> None:
        most = len(Provenance((origin(),), self.KEYS)._encode(5)) - 1
        known = decode(Provenance((origin(),), self.KEYS).encode(most))
        assert known is not None
        assert (known.digests, known.is_unsure) == (frozenset(), True)

    @pytest.mark.parametrize("level", [4, 5])
    def test_what_was_written_without_them_says_nothing_of_its_names(self, level: int) -> None:
        before = json.loads(Provenance((origin(),), self.KEYS)._encode(level))
        del before["secureDigests"]
        known = decode(json.dumps(before))
        assert known is not None
        assert known.is_unsure

    def test_half_a_digest_is_a_damaged_annotation(self) -> None:
        assert decode(document(secureDigests="TEuv5")) is None


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        "",
        "x",
        "null",
        "[]",
        '"text"',
        "{}",
        "[" * 100_000,
        document()[:-1],
        document(v=2),
        document(v=None),
        document(sources=None),
        document(sources=[{"path": "/p"}]),
        document(sources={"path": "/p"}),
        document(keys=None),
        document(keys=["A"]),
        document(keys={"A": []}),
        document(keys={"A": [None]}),
        document(keys={"A": [0]}),
        document(keys={"A": ["X"]}),
        document(keys={"A": ["SecureString"]}),
        document(keys={"A": [["S"]]}),
        document(keys={"A": {"type": "S"}}),
        document(keys={"A" * 254: ["S"]}),
        document(sources=[{"path": "/" + "p" * 1011, "account": None, "region": "eu-west-1"}]),
        document(onceSecure=["a" * 1012]),
        "\ud800",
        '{"v":1,"sources":[],"keys":{"\\ud800":["S"]}}',
    ],
    ids=lambda text: "none" if text is None else ascii(text[:60]),
)
def test_what_is_damaged_is_nothing(damaged: str | None) -> None:
    assert decode(damaged) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=50) | JSON.map(json.dumps) | st.fixed_dictionaries({"keys": JSON}).map(lambda d: document(**d)))
def test_reading_never_fails(text: str) -> None:
    found = decode(text)
    assert found is None or all(isinstance(each, Entry) for each in found.entries.values())


@given(strategies.provenances, st.data())
def test_a_changed_character_never_fails(provenance: Provenance, data: st.DataObject) -> None:
    text = provenance.encode(EVERYTHING)
    place = data.draw(st.integers(0, len(text) - 1))
    decode(text[:place] + data.draw(st.sampled_from('"{}[],:x0-')) + text[place + 1 :])


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        (["S"], Entry(STRING)),
        (["S", 1.5, {}, True], Entry(STRING)),
        (["L", 0], Entry(STRING_LIST, 0)),
        (["E", -1, "a"], Entry(SECURE_STRING, None, "a")),
        (["E", "x", 1, "1", "x"], Entry(SECURE_STRING)),
        (["S", 0, "a", 1, 2, "json", None, None, "of a later format"], Entry(STRING, 0, "a", 1, 2, "json")),
        (["S", 0, "a", 1, 2, 3, 4, "x"], Entry(STRING, 0, "a", 1, 2)),
        (
            ["S", None, None, None, None, "file:JSON", None, 2],
            Entry(STRING, made="file:JSON", parts=(Entry(STRING),) * 2),
        ),
        (["S", 0, "a" * 1012, 10**30, 10**18], Entry(STRING, 0)),
        (["S", 0, "a", -1, -1], Entry(STRING, 0, "a")),
        (
            ["S", 0, "a", 1, 2, {"shadowed": [2, -1, "x"], "renamed": 1, "later": 1}],
            Entry(STRING, 0, "a", 1, 2, shadowed=(2,)),
        ),
        (["S", 0, "a", 1, 2, {"shadowed": 2, "renamed": True}], Entry(STRING, 0, "a", 1, 2, is_renamed=True)),
        (["S", {}], Entry(STRING)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_part_that_is_not_understood_is_unknown(parts: list[object], read: Entry) -> None:
    found = decode(document(keys={"A": parts}))
    assert found is not None
    assert found.entries == {"A": read}


@pytest.mark.parametrize(
    ("path", "known", "name"),
    [
        ("/prod/pay", entry("db/host"), "/prod/pay/db/host"),
        ("/", entry("db/host"), "/db/host"),
        ("/prod/pay", entry("db/host", source=1), None),
        ("/prod/pay", Entry(STRING, 0, None), None),
        ("/prod/pay", Entry(STRING, None, "db/host"), None),
        ("/prod/pay", Entry(STRING), None),
    ],
    ids=["below a path", "below the root", "of an unknown source", "without a name", "without a source", "type only"],
)
def test_a_key_leads_back_to_its_parameter(path: str, known: Entry, name: str | None) -> None:
    provenance = Provenance((origin(path),), {"DB_HOST": known})
    assert provenance.name_of("DB_HOST") == name
    assert provenance.name_of("OTHER") is None
