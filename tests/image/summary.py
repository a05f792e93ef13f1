"""Tells the size of the image after the tests, whichever process has measured it."""

from collections.abc import Iterator

import pytest

IMAGE = "image"
"""The property that a test records with what is told."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add a line for what was recorded."""
    for text in recorded(terminalreporter.getreports("passed")):
        terminalreporter.line(f"{IMAGE}: {text}")


def recorded(reports: list[pytest.TestReport]) -> Iterator[object]:
    """What the tests recorded of the image."""
    for report in reports:
        yield from (text for name, text in report.user_properties if name == IMAGE)
