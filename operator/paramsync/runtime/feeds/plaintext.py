"""How many bytes of decrypted values the operator may hold, and how many it holds."""

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason

MIB = 2**20


class Plaintext:
    """The decrypted values of all feeds together. They are bounded: a mistyped path is no way to fill the memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Subtree, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes of decrypted values that are held now."""
        return self._total

    def admit(self, subtree: Subtree, size: int) -> None:
        """Ask whether a subtree may hold so many bytes, before and after a look together; they count from here on.

        :raises SourceError: if that is more than all subtrees together may hold.
        """
        before = self._held.get(subtree, 0)
        if size > before and self._total - before + size > self._most:
            raise SourceError(
                Reason.TOO_LARGE,
                f"The decrypted values below {subtree.path} do not fit into the {self._most // MIB} MiB that the"
                " operator may hold of all paths together; narrow include or path, or raise maxDecryptedMiB in the"
                " operator's settings",
            )
        self.record(subtree, max(size, before))

    def record(self, subtree: Subtree, size: int) -> None:
        """Say how many bytes a subtree holds."""
        self._total += size - self._held.get(subtree, 0)
        if size:
            self._held[subtree] = size
        else:
            self._held.pop(subtree, None)
