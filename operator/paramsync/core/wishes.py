"""From the parameters that each target takes to the keys that it should have."""

from collections.abc import Mapping, Sequence

from paramsync.api.sync import SecretType, TargetKind

from . import keys
from .actions import Wish
from .overlay import Overlay, Selected
from .parameters import Snapshot
from .provenance import Entry
from .reasons import Problem
from .routing import TargetRef
from .secret_types import own_keys
from .values import Sealed, SecureValue


def wishes(
    overlay: Overlay,
    snapshots: Sequence[Snapshot],
    taken: Mapping[TargetRef, Sequence[Selected]],
    secret_types: Mapping[TargetRef, SecretType],
) -> tuple[dict[TargetRef, dict[str, Wish]], tuple[Problem, ...]]:
    """What each target should hold by key, and what stands in the way."""
    desired: dict[TargetRef, dict[str, Wish]] = {}
    problems = list(overlay.problems)
    for ref, selected in taken.items():
        assigned, refused = keys.assign(ref, selected, own_keys(secret_types[ref]))
        problems += refused
        desired[ref] = {}
        for key, each in assigned.items():
            value = each.parameter.value
            if isinstance(value, Sealed):
                problems.append(Problem(value.reason, each.name, value.message))
            else:
                desired[ref][key] = Wish(
                    Entry.of(each.source, each.relative, each.parameter.stamp),
                    snapshots[each.source].subtree.path,
                    each.name,
                    SecureValue.of(value) if ref.kind is TargetKind.SECRET and isinstance(value, str) else value,
                )
    # A name that several targets take and that cannot be a key is one problem.
    return desired, tuple(dict.fromkeys(problems))
