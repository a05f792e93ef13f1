"""The operator with one of its rules broken: ``python -m tests.running.sabotaged RULE run …``.

A rule is replaced before the modules that use it are imported; the rest is the ``paramsync`` command as it is.
`tests/e2e/test_sabotage.py` sees what the cluster makes of that.
"""

import sys
from collections.abc import Callable, Mapping
from unittest.mock import patch

from paramsync.core.values import SecureValue


def routing() -> None:
    """A SecureString counts as plain, and whoever would stop it on its way into a ConfigMap lets it pass."""
    from paramsync.core import routing  # noqa: PLC0415

    patch.object(routing, "PLAIN", routing.PLAIN | routing.SECURE).start()
    from paramsync.core import rendering  # noqa: PLC0415

    patch.object(rendering, "_plain", _in_clear).start()


def _in_clear(key: str, value: str | SecureValue) -> str:
    return value.reveal().decode() if isinstance(value, SecureValue) else value


def ownership() -> None:
    """Every object is this sync's."""
    from paramsync.core import ownership  # noqa: PLC0415

    patch.object(ownership, "is_ours", lambda live, owner: True).start()


def audience() -> None:
    """Tokens are good for the API server itself."""
    from paramsync.kube import tenants  # noqa: PLC0415

    patch.object(tenants, "AUDIENCE", "https://kubernetes.default.svc").start()


def lifetime() -> None:
    """Tokens are good for two hours."""
    from paramsync.kube import tenants  # noqa: PLC0415

    patch.object(tenants, "LIFETIME", 2 * tenants.LIFETIME).start()


def fence() -> None:
    """Whoever has led once may write for ever."""
    from paramsync.kube.fence import LeaseHolder  # noqa: PLC0415

    patch.object(LeaseHolder, "check", lambda fence, namespace, sync: None).start()


RULES: Mapping[str, Callable[[], None]] = {
    broken.__name__: broken for broken in (routing, ownership, audience, lifetime, fence)
}


def main() -> None:
    """Break the rule that the first argument names, and be the command."""
    RULES[sys.argv.pop(1)]()
    from paramsync.cli.main import main as paramsync  # noqa: PLC0415

    paramsync()


if __name__ == "__main__":
    main()
