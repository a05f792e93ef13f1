"""Plain parameters that look like credentials, by their names or their values. It is said, and nothing is moved."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from .contract import shown
from .globs import any_matches
from .overlay import Selected
from .reasons import Problem, Reason
from .values import Sealed, SecureValue

_STEMS: Final = ("pass", "pwd", "secret", "token", "cred", "key", "conn")
"""One of them is in every name that looks like a credential's, and in few others: that deals with most names."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
"""A word of a segment: what stands between other characters, camelCase split, digits by themselves."""

_KINDS: Final[Mapping[str, str]] = {
    word: kind
    for kind, words in {
        "a password": ("password", "passwords", "passwd", "pwd", "passphrase", "passphrases"),
        "a secret": ("secret", "secrets", "client secret"),
        "a token": ("token", "tokens"),
        "credentials": ("credential", "credentials", "creds"),
        "an API key": ("apikey", "apikeys", "api key", "api keys"),
        "a private key": ("privatekey", "privatekeys", "private key", "private keys"),
        "a key": ("access key", "access keys", "signing key", "signing keys", "encryption key", "encryption keys"),
        "a connection string": ("connectionstring", "connectionstrings", "connection string", "connection strings"),
    }.items()
    for word in words
}
"""What a word, or two that follow one another, says that the value is."""

_ABOUT: Final = frozenset({
    "age", "algorithm", "arn", "audience", "count", "days", "enabled", "endpoint", "expiration", "expires", "expiry",
    "field", "file", "header", "host", "hours", "id", "ids", "issuer", "length", "lifetime", "limit", "max",
    "milliseconds", "min", "minute", "minutes", "ms", "name", "namespace", "path", "policy", "port", "prefix",
    "provider", "region", "required", "reset", "rotation", "seconds", "size", "store", "suffix", "timeout", "ttl",
    "type", "uri", "url", "user", "username", "version",
})  # fmt: skip
"""Last words of names of something about a credential: ``token-ttl``, ``password/min-length``."""

_BEFORE: Final = frozenset({
    "disable", "enable", "has", "is", "max", "min", "no", "num", "number", "require", "requires", "show", "use",
    "uses",
})  # fmt: skip
"""First words of segments that name a switch or a number: ``max-tokens``, ``requirePassword``."""


_LOOKED_AT: Final = 1024
"""How many characters of a value are looked at: whoever writes long ones must not hold up the others."""

_SHORTEST: Final = 20
"""No token and no key has fewer characters."""

_URL: Final = re.compile(r"://[^\s/?#:@]*+:(?![${<%*])[^\s/?#@]++@")
"""A URL with a password. One in braces or the like stands for one. Nothing here goes beyond the next slash."""

_TOKENS: Final = tuple(
    (part, re.compile(whole), kind)
    for part, whole, kind in (
        ("PRIVATE KEY-----", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----", "a private key (PEM)"),
        # IAM User Guide, unique identifiers.
        ("AKIA", r"AKIA[A-Z2-7]{16}(?![A-Za-z0-9])", "an AWS access key id"),
        ("ASIA", r"ASIA[A-Z2-7]{16}(?![A-Za-z0-9])", "an AWS access key id"),
        # RFC 7519: two JSON objects and a signature. Only where a value begins, or it would take quadratic time.
        ("eyJ", r"\A\s*(?:Bearer )?eyJ[\w-]++\.eyJ[\w-]++\.", "a JSON Web Token"),
        ("ghp_", r"ghp_[A-Za-z0-9]{36}", "a token of GitHub"),
        ("gho_", r"gho_[A-Za-z0-9]{36}", "a token of GitHub"),
        ("ghs_", r"ghs_[A-Za-z0-9]{36}", "a token of GitHub"),
        ("github_pat_", r"github_pat_\w{40}", "a token of GitHub"),
        ("glpat-", r"glpat-[\w-]{20}", "a token of GitLab"),
        ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{15}", "a token of Slack"),
        ("hooks.slack.com/", r"hooks\.slack\.com/services/T\w{6,12}/B\w{6,12}/\w", "a webhook of Slack"),
        ("k_live_", r"[rs]k_live_[A-Za-z0-9]{16}", "a key of Stripe"),
        ("AIza", r"AIza[\w-]{35}", "an API key of Google"),
        ("npm_", r"npm_[A-Za-z0-9]{36}", "a token of npm"),
        ("hvs.", r"hvs\.[\w-]{24}", "a token of Vault"),
        ("SG.", r"SG\.[\w-]{22}\.[\w-]{43}", "an API key of SendGrid"),
    )
)
"""A part of every credential of a kind, which takes next to nothing to look for; what they look like, in time in
proportion to the value's length; and the kind."""


def looks_secret(winners: Mapping[str, Selected], plain: Sequence[str]) -> tuple[Problem, ...]:
    """The plain parameters that look like credentials.

    :param winners: all parameters of the sync, by relative name.
    :param plain: patterns for names that are known to be none.
    """
    return tuple(
        _told(each, why)
        for relative, each in winners.items()
        if (why := _suspicion(each)) is not None and not any_matches(plain, relative)
    )


def _suspicion(each: Selected) -> str | None:
    value = each.value
    if isinstance(value, (SecureValue, Sealed)):
        return None  # secure, or not to be had
    text = value if isinstance(value, str) else value.decode("latin-1")
    if (kind := _in_value(text)) is not None:
        return f"its value looks like {kind}"
    if (kind := _in_name(each.relative)) is not None and not _is_none(text):
        return f"its name looks like that of {kind}"
    return None


def _in_value(text: str) -> str | None:
    seen = text[:_LOOKED_AT]
    if "://" in seen and _URL.search(seen) is not None:
        return "a URL with a password"
    if len(seen) < _SHORTEST:
        return None
    for part, whole, kind in _TOKENS:
        if part in seen and whole.search(seen) is not None:
            return kind
    return None


def _in_name(relative: str) -> str | None:
    lower = relative.lower()
    if not any(stem in lower for stem in _STEMS):
        return None
    segments = [[word.lower() for word in _WORD.findall(segment)] for segment in relative.split("/")]
    words = [word for segment in segments for word in segment if not word.isdigit()]
    if not words or words[-1] in _ABOUT:
        return None
    return next((kind for segment in segments for kind in _kinds(segment)), None)


def _kinds(words: Sequence[str]) -> Iterator[str]:
    if not words or words[0] in _BEFORE:
        return
    # Two words say more than each of them.
    terms = (*(f"{first} {second}" for first, second in pairwise(words)), *words)
    yield from (_KINDS[term] for term in terms if term in _KINDS)


def _is_none(text: str) -> bool:
    """Whether a value is no credential whatever its name is: nothing, a switch, or the ARN of what holds one."""
    return text.strip().lower() in ("", "true", "false") or text.startswith("arn:")


def _told(each: Selected, why: str) -> Problem:
    return Problem(
        Reason.LOOKS_SECRET,
        each.name,
        f"Parameter {shown(each)} is a {each.type}, and {why}: whoever may read parameters or ConfigMaps can read it."
        " Store it as a SecureString, with a new value if it is a credential; or, if it is none, list it under"
        f" contract.plain: {each.relative}",
    )
