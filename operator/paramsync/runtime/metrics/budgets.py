"""The series of the API budgets, read when the metrics are asked for."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from paramsync.aws.budget import Budget, Budgets

from .definitions import BUDGET_RATE, BUDGET_STRETCH, BUDGET_WAITING, THROTTLED, Definition
from .making import counters, gauges

Place = tuple[str | None, str]
"""An account, if it is known, and a Region."""


class BudgetSeries(Collector):
    """What the budgets say of themselves."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets

    def collect(self) -> Iterable[Metric]:
        """The series of now."""
        found = self._budgets.all()
        yield _gauge(BUDGET_RATE, found, lambda each: each.rate)
        yield _gauge(BUDGET_WAITING, found, lambda each: each.waiting)
        yield _gauge(BUDGET_STRETCH, found, lambda each: each.stretch)
        throttled = counters(THROTTLED)
        for place, budget in found.items():
            throttled.add_metric(labels(place), budget.throttles)
        yield throttled


def labels(place: Place) -> tuple[str, str]:
    """The labels of a budget."""
    account, region = place
    return account or "", region


def _gauge(of: Definition, found: Mapping[Place, Budget], value: Callable[[Budget], float]) -> Metric:
    family = gauges(of)
    for place, budget in found.items():
        family.add_metric(labels(place), value(budget))
    return family
