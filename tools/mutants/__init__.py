"""Put defects of the guide back, one at a time, and see that the tests which claim to catch them fail: `make mutants`.

Each runs in a copy of the project, so nothing here changes. A mutant that survives is a test that proves nothing, and
one whose test fails for another reason is strange. `python -m tools.mutants [-v] [D-number ...]`; `-v` shows the runs.
"""
