"""What `make bench` measures: the installed command from outside, by HTTP and by /proc. Nothing here is installed.

    python -m benchmarks [--json FILE] [--write]

`desk` runs the command, `browser` visits it, `database` and `processes` look from behind; `starting`, `loading`
and `pages` measure; `report` says it. docs/performance.md explains the figures.
"""
