"""The annotation that an admission policy checks on ConfigMaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sync import ParameterType
from paramsync.core.annotations import decode_plain_keys, encode_plain_keys

from .builders import STRING, STRING_LIST

KEYS = st.from_regex(r"[-._a-zA-Z0-9]{1,20}", fullmatch=True)


def test_it_lists_keys_with_their_types_sorted() -> None:
    assert encode_plain_keys({"B": STRING_LIST, "A": STRING}) == "A=String B=StringList"


@given(st.dictionaries(KEYS, st.sampled_from(ParameterType)))
def test_what_was_written_is_read_again(types: dict[str, ParameterType]) -> None:
    assert decode_plain_keys(encode_plain_keys(types)) == types


@pytest.mark.parametrize(
    ("annotation", "read"),
    [
        (None, {}),
        ("", {}),
        ("A", {}),
        ("A=", {}),
        ("=String", {}),
        ("A=string", {}),
        ("A=Other B=String", {"B": STRING}),
        ("  A=String   B=StringList ", {"A": STRING, "B": STRING_LIST}),
        ("A=String=String", {}),
    ],
)
def test_what_is_not_of_its_form_is_left_out(annotation: str | None, read: dict[str, ParameterType]) -> None:
    assert decode_plain_keys(annotation) == read
