"""Keeps Secrets and ConfigMaps equal to subtrees of AWS SSM Parameter Store.

Imports go one way: ``cli`` → ``runtime`` → (``aws``, ``kube``) → ``core`` → ``api``.
``api`` and ``core`` are pure; ``aws`` and ``kube`` never import each other.
"""

__version__ = "0.1.0"
