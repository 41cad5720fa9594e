"""One command that solves the same problems with phasic and with its peers, and writes docs/benchmarks.md.

`problem` says what a problem is, `problems` holds them, `peers` installs what they are solved with beside
phasic, `runner` lets all take turns, each in a `process` of its own, `page` writes the tables.
"""
