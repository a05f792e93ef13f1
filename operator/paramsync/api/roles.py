"""Field types of the AWS role that a store assumes, with the rules of IAM and STS (AssumeRole, AWS API reference)."""

import re
import string
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from .base import Rule
from .fields import cel_matches, matches_whole

LONGEST_ARN = 2048

# Partitions are aws, aws-cn, aws-us-gov, aws-iso, aws-iso-b, …; what stands between slashes is the role's path.
_ROLE_ARN = r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/([!-~]{1,510}/)?[a-zA-Z0-9_+=,.@-]{1,64}"
# Written for RE2 alone: Python's `re` has no classes of Unicode, see _is_tag_text.
_TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}"
_LONGEST_TAG_KEY = 128
_LOWER_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_RESERVED = r"^[aA][wW][sS]:"


def is_role_arn(text: str) -> bool:
    """Whether a text is the ARN of an IAM role, in any partition."""
    return len(text) <= LONGEST_ARN and matches_whole(_ROLE_ARN, text)


RoleArn = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_ARN),
    Rule(
        cel=cel_matches(_ROLE_ARN),
        holds=is_role_arn,
        message="write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/params",
    ),
]
"""The ARN of a role."""

ExternalId = Annotated[str, Field(min_length=2, max_length=1224, pattern=r"^[a-zA-Z0-9_+=,.@:/-]*$")]
"""What the role's trust policy asks for, so that nobody else's request can be passed on to it."""

SessionTagValue = Annotated[str, Field(max_length=256, pattern=r"^[\p{L}\p{Z}\p{N}_.:/=+@-]*$")]


def _is_tag_text(text: str) -> bool:
    return all(char in "_.:/=+@-" or unicodedata.category(char)[0] in "LZN" for char in text)


def _are_tag_keys(tags: Mapping[str, str]) -> bool:
    return all(
        1 <= len(key) <= _LONGEST_TAG_KEY and _is_tag_text(key) and re.search(_RESERVED, key) is None for key in tags
    )


def _are_apart(tags: Mapping[str, str]) -> bool:
    return len({key.translate(_LOWER_ASCII) for key in tags}) == len(tags)


SessionTags = Annotated[
    dict[str, SessionTagValue],
    Field(max_length=50),
    Rule(
        cel=f"self.all(key, {cel_matches(_TAG_KEY, 'key')} && !key.matches(r'{_RESERVED}'))",
        holds=_are_tag_keys,
        message=(
            "write keys of 1 to 128 letters, digits, spaces and the characters _.:/=+@-, which do not begin with aws:"
        ),
    ),
    Rule(
        cel="self.all(key, self.exists_one(other, other.lowerAscii() == key.lowerAscii()))",
        holds=_are_apart,
        message="remove one of two keys that differ only in upper and lower case: AWS takes them for one",
    ),
]
"""Tags of the session, which policies of AWS can ask for."""
