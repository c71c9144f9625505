"""Other ways to write, side by side with Ombud's own: what docs/performance.md says of designs that were tried.

Each is a copy of a desk's database, changed in a transaction that is rolled back; the copy is dropped at the end.
`python -m benchmarks.designs creations` (or `updates`, `openings`); `--keep DIR` takes the databases of `ombud bench`.
"""
