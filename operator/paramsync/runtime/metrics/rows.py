"""Thousands of series of one gauge, as few objects as can be."""

from collections.abc import Iterable, Sequence

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from .definitions import Definition, Kind


class Rows(Metric):
    """A gauge of which every sync or subtree has a series: the values of its labels, in their order, and its own."""

    def __init__(self, of: Definition, rows: Iterable[tuple[Sequence[str], float]]) -> None:
        """Take the rows as they are."""
        if of.kind is not Kind.GAUGE:
            raise TypeError(f"{of.name} is a {of.kind}, not a gauge")
        self.labels = of.labels
        self.rows = list(rows)
        super().__init__(of.name, of.help, "gauge")

    @property
    def samples(self) -> list[Sample]:
        """The series as the client library has them: made when it asks for them."""
        return [Sample(self.name, dict(zip(self.labels, row, strict=True)), value) for row, value in self.rows]

    @samples.setter
    def samples(self, none: list[Sample]) -> None:
        """The client library begins with none."""
