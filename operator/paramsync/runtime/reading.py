"""Reading a whole subtree: page by page, all of them or nothing."""

from datetime import UTC, datetime
from typing import Final

from paramsync.aws.clients import Clients
from paramsync.aws.errors import SourceError
from paramsync.aws.listing import list_page
from paramsync.core.listing import BrokenListing, Listing
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.reasons import Reason

from .metrics import Metrics
from .threads import Threads

ATTEMPTS: Final = 3
"""How often a listing is started over when its pages do not belong together."""


class Reader:
    """Lists subtrees with boto3 in threads."""

    def __init__(self, clients: Clients, threads: Threads, metrics: Metrics) -> None:
        self._clients = clients
        self._threads = threads
        self._metrics = metrics

    async def __call__(self, subtree: Subtree, *, decrypt: bool) -> Snapshot:
        """The complete listing of a subtree.

        :raises SourceError: if it cannot be had.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._list(subtree, decrypt=decrypt)
            except BrokenListing:
                continue
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE,
            f"The pages that AWS lists below {subtree.path} do not belong together; the listing starts over",
        )

    async def _list(self, subtree: Subtree, *, decrypt: bool) -> Snapshot:
        listing, token = Listing(subtree, datetime.now(UTC)), None
        while True:
            with self._metrics.ssm_request("GetParametersByPath"):
                page = await self._threads.run(list_page, self._clients, subtree, token, decrypt=decrypt)
            snapshot = listing.add(page)
            if snapshot is not None:
                return snapshot
            token = page.token
