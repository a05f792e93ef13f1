"""What no update can change: the type of a Secret, and the data of an object that is immutable.

Such a target is never deleted by us: what takes its place could be refused, and its values would be lost.
"""

from collections.abc import Iterable

from .actions import Draft
from .objects import Content, Owner, SecretContent
from .reasons import Problem, Reason


def problems(drafts: Iterable[Draft], contents: Iterable[Content], owner: Owner) -> tuple[Problem, ...]:
    """Why targets cannot become what they should be; those that can are not named."""
    by_ref = {draft.ref: draft for draft in drafts}
    found = (_problem(content, by_ref[content.ref], owner) for content in contents)
    return tuple(problem for problem in found if problem is not None)


def _problem(content: Content, draft: Draft, owner: Owner) -> Problem | None:
    """One that is immutable and right already needs no update of its data.

    An object that is taken over is not compared: its values are not the sync's to know.
    """
    live = draft.live
    if live is None:
        return None
    if isinstance(content, SecretContent) and live.type not in (None, content.type):
        why = f"is of type {live.type}, and no update can change that to {content.type}"
    elif live.immutable and (draft.is_adoption or (live.data is not None and dict(live.data) != dict(content.data))):
        why = "is immutable, and its keys would have to change"
    else:
        return None
    return Problem(
        Reason.TARGET_CONFLICT,
        str(live.ref),
        f"{live.ref} {why}. Nothing was written anywhere. Delete it, and it is made anew within a minute:"
        f" kubectl delete {live.ref.kind.lower()} {live.ref.name} -n {owner.namespace}",
    )
