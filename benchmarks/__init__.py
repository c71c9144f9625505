"""What `make bench` measures: the guide's code, Ombud and the best SQL side by side (`guide/`), and then the installed
command from outside, by HTTP and by /proc. Nothing here is installed.

    python -m benchmarks [--part guide|desk] [--tickets N] [--json FILE] [--write]

`desk` runs the command, `browser` visits it, `database` and `processes` look from behind; `starting`, `loading`
and `pages` measure; `report` says it. docs/performance.md explains the figures.
"""
