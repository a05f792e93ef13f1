"""A model of the API server in memory: what it answers to our kinds of requests, and what it holds after them.

It is no stand-in for tests of the edge. It lets whole histories run in virtual time, in one process, with a fault
at any request; ``tests/edge/test_model.py`` compares it with a real API server.
"""
