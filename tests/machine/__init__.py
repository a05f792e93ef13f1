"""A state machine: by chance everything happens to a sync, and after each step the four promises are checked.

The operator is real, from its requests to the API server to its feeds. The API server is the model of
``tests/model``, Parameter Store is in memory, and time is virtual. What is right is decided without the
operator's rules: ``tests/machine/promises`` imports none of them.
"""
