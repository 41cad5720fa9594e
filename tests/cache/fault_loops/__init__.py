"""Loops that break the cache on purpose and count what went wrong.

``python -m tests.cache.fault_loops`` runs them all and prints one table; ``--long`` does so at the length of
a release. The tests run them short. Each loop is a function of a folder, a number of rounds and a seed, and
needs a process of its own with one thread, because it forks and takes signals.
"""
