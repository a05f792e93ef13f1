"""What the operator counts and measures, and how Prometheus gets it."""

from .metrics import Metrics

__all__ = ["Metrics"]
