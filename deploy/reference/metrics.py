"""The tables of metrics, from their definitions."""

from paramsync.runtime.metrics.definitions import GROUPS, Definition


def metrics() -> str:
    """A table of metrics for each group of them."""
    return "\n".join(_table(title, group) for title, group in GROUPS.items())


def _table(title: str, group: tuple[Definition, ...]) -> str:
    head = (f"### {title}\n", "| metric | type | labels | meaning |", "| --- | --- | --- | --- |")
    return "\n".join((*head, *map(_row, group))) + "\n"


def _row(of: Definition) -> str:
    labels = ", ".join(f"`{label}`" for label in of.labels)
    return f"| `{of.name}` | {of.kind} | {labels} | {f'{of.help} {of.more}'.strip()} |"
