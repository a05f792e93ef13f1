"""What a role must be allowed: to list, to decrypt one by one, to use the keys, and to assume the next role."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from paramsync.core.parameters import Subtree
from paramsync.core.want import Selection

from .installation import Installation, account_of
from .patterns import listed, opened, widest
from .statements import Statement


@dataclass(frozen=True, slots=True)
class Reads:
    """What a sync reads of one subtree."""

    subtree: Subtree
    selection: Selection


@dataclass(frozen=True, slots=True)
class Place:
    """Where parameters are: the beginning of their ARNs."""

    partition: str
    region: str
    account: str

    def parameter(self, resource: str) -> str:
        """The ARN of a parameter, a path or a pattern."""
        return f"arn:{self.partition}:ssm:{self.region}:{self.account}:{resource}"

    @property
    def any_key(self) -> str:
        """The pattern of all KMS keys."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/*"

    @property
    def ssm(self) -> str:
        """SSM as the service through which a key is used (KMS developer guide, kms:ViaService)."""
        return f"ssm.{self.region}.amazonaws.com" + (".cn" if self.partition == "aws-cn" else "")

    @property
    def word(self) -> str:
        """The Region in the name of a statement, which has letters and digits only."""
        return "".join(part.capitalize() for part in self.region.split("-"))


def permissions(
    role: str, reads: Collection[Reads], installation: Installation, partition_of: Callable[[str], str]
) -> tuple[Statement, ...]:
    """The statements of the policy that a role must have.

    :param role: its ARN; empty for the operator's own, if that is not known.
    :param reads: of all syncs and roles.
    :param partition_of: the partition of a Region.
    """
    own = [each for each in reads if installation.caller(each.subtree.identity) == role]
    found: list[Statement] = []
    for region in sorted({each.subtree.identity.region for each in own}):
        partition = role.split(":")[1] if role else partition_of(region)
        here = [each for each in own if each.subtree.identity.region == region]
        found += _reading(here, Place(partition, region, account_of(role)), installation)
    return (*found, *_assuming(role, reads, installation))


def _reading(reads: Iterable[Reads], place: Place, installation: Installation) -> Iterator[Statement]:
    paths, names = set[str](), set[str]()
    for each in reads:
        paths.add(place.parameter(listed(each.subtree.path)))
        if each.selection.secure:
            names |= {place.parameter(name) for name in opened(each.subtree.path, each.selection)}
    yield Statement(f"List{place.word}", ("ssm:GetParametersByPath",), tuple(sorted(paths)))
    if not names:
        return
    yield Statement(f"Open{place.word}", ("ssm:GetParameters",), widest(names))
    keys = tuple(key for key in installation.keys if key.split(":")[3] == place.region) or (place.any_key,)
    if installation.uses_own_keys:
        yield Statement(
            f"Decrypt{place.word}",
            ("kms:Decrypt",),
            keys,
            conditions={
                "StringEquals": {"kms:ViaService": (place.ssm,)},
                "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": widest(names)},
            },
        )


def _assuming(role: str, reads: Iterable[Reads], installation: Installation) -> Iterator[Statement]:
    identities = [each.subtree.identity for each in reads]
    hops = [(each.role, each) for each in identities if each.role is not None and installation.first(each) == role]
    if not hops:
        return
    yield Statement("Assume", ("sts:AssumeRole",), tuple(sorted({hop.arn for hop, _ in hops})))
    tagged = {hop.arn for hop, each in hops if hop.tags or carries_tags(installation, each.service_account is None)}
    if tagged:
        yield Statement("Tag", ("sts:TagSession",), tuple(sorted(tagged)))


def carries_tags(installation: Installation, is_operator: bool) -> bool:
    """Whether sessions of a role that an identity begins with carry tags, which go along to the next role."""
    return installation.has_pod_identity and is_operator
