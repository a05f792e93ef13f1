"""What on the pages is neither applied nor run by the tests of this folder, each with the reason.

Each entry must be used: `test_inventory.py` fails for one that is not.
"""

from collections.abc import Mapping
from typing import Final

from paramsync import __version__

MENTIONS: Final[Mapping[str, str]] = {
    "_PARAMSYNC_COMPLETE=fish_source paramsync | source": "fish's language",
    "aws eks get-token": "a kubeconfig's credential plugin; it is a command of the AWS CLI alone, not of AWS's models",
    "argocd app actions": "where its entries show; tests/gitops runs them",
    "paramsync refresh --wait": "its option",
    "kubectl paramsync …": "how kubectl calls it; tests/edge/test_program.py runs it",
    "kubectl wait --for=condition=Ready": "what proves nothing of a store",
    "kubectl delete crd": "what is refused, whatever its name",
    "kubectl replace --force": "what is advised against",
    "kubectl rollout restart": "of whatever uses the objects",
    "terraform state rm": "of whatever Terraform keeps",
    "docker run --env-file": "the name of a reader of files",
}
"""Code in a sentence that is the name of a command and no command."""

ASKED: Final = "to Prometheus, whose parser reads it in tests/monitoring/test_queries.py"

TEXTS: Final[Mapping[str, str]] = {
    "SSM ──▶ feeds": "a picture",
    "Error: INSTALLATION FAILED": "output",
    "Error: settings.yaml: stores.default.access[0].paths: Field required": "output",
    "paramsync_sync_ready == 0": ASKED,
    "time() - paramsync_sync_last_listing": ASKED,
    "time() - paramsync_sync_last_good": ASKED,
}
"""Blocks without a language that are neither commands nor manifests, by what they begin with."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "kubectl create secret generic probe": "refused on purpose: tests/edge/test_admission_install.py",
    "kubectl label secret labelled": "of an object of the page's own example: tests/e2e/test_consuming.py",
}
"""Commands that another test runs, because here they would fail, by what they begin with."""

SAMPLES: Final[Mapping[str, str]] = {
    "DB_HOST=db.example.com": "a file that is written: tests/unit/test_formats_documents.py",
    '"db":\n  "host"': "a file that is written: tests/unit/test_formats_documents.py",
}
"""Blocks in a language of commands or manifests that are neither, by what they begin with."""

FRAGMENTS: Final[Mapping[str, str]] = {
    "scrape_configs": "Prometheus's own: tests/monitoring/test_page.py",
    "repos": "of pre-commit, which would bring seven packages for one test: the hook is looked up",
}
"""YAML of others, by a key that it has."""

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "NAMESPACE": "payments",
    "NAME": "payment-service",
    "POD": "paramsync-0",
    "CHART": "deploy/helm/paramsync",
    "RELEASE": "paramsync",
    "ACCOUNT": "paramsync",
    "OWNER/REPO": "team/paramsync",
    "PATH": "/prod/payment-service",
    "FILE": "settings.yaml",
    "IMAGE": "registry.example.com/paramsync",
    "X.Y.Z": __version__,
}
"""Words that a reader replaces, and what they are replaced with here."""
