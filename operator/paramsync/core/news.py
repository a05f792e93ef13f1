"""What Parameter Store has of the keys of a sync, compared with what stands in the cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .clock import timestamp
from .explaining import KeyOrigin, Origin
from .provenance import milliseconds
from .routing import TargetRef
from .tracing import KeyTrace, Part, TargetTrace

Origins = Mapping[tuple[TargetRef, str], KeyOrigin]


def by_key(origins: Sequence[KeyOrigin]) -> Origins:
    """What keys should be made of, by target and key."""
    return {(each.target, each.key): each for each in origins}


def news(trace: KeyTrace, origins: Origins) -> tuple[str, ...]:
    """What Parameter Store has of a key that the cluster has not; nothing if it is what was written."""
    return tuple(_news(trace, origins.get((trace.target, trace.key))))


def _news(trace: KeyTrace, origin: KeyOrigin | None) -> Iterator[str]:
    if origin is None:
        yield "Parameter Store gives this key no longer, or it cannot be made"
        return
    if not trace.parts:
        yield from (f"Parameter Store makes it of {each.parameter}, {_stamp(each)}" for each in origin.parameters)
        return
    known = {part.parameter: part for part in trace.parts if part.parameter is not None}
    if not all(part.parameter and (part.version or part.modified) for part in trace.parts):
        stamps = ", ".join(f"{each.parameter}, {_stamp(each)}" for each in origin.parameters)
        yield f"it cannot be compared: the annotation had no room for what was written. Parameter Store has {stamps}"
        return
    for each in origin.parameters:
        part = known.get(each.parameter)
        if part is None:
            yield f"Parameter Store makes it of {each.parameter}, too, {_stamp(each)}"
        elif _differs(part, each):
            yield f"{each.parameter} has {_stamp(each)} in Parameter Store, and version {part.version} was written"
    there = {each.parameter for each in origin.parameters}
    yield from (f"{name} is no longer a part of it in Parameter Store" for name in known if name not in there)


def _differs(part: Part, origin: Origin) -> bool:
    """Whether it is another one than was written. A version alone is not enough: a parameter that was deleted and made
    again begins at 1."""
    is_other_version = part.version is not None and part.version != origin.version
    is_other_date = part.modified is not None and milliseconds(part.modified) != milliseconds(origin.modified)
    return part.type is not origin.type or is_other_version or is_other_date


def _stamp(origin: Origin) -> str:
    return f"version {origin.version} of {timestamp(origin.modified)}"


def with_new(targets: Sequence[TargetTrace], origins: Origins) -> tuple[TargetTrace, ...]:
    """The targets, also with the keys that Parameter Store gives and of which they tell nothing."""
    return tuple(replace(each, keys=(*each.keys, *_new(each, origins))) for each in targets)


def _new(target: TargetTrace, origins: Origins) -> Iterator[KeyTrace]:
    there = {each.key for each in target.keys}
    for ref, key in sorted(origins):
        if ref == target.ref and key not in there:
            yield KeyTrace(ref, key, None)
