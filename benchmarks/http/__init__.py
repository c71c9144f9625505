"""The API over HTTP beside the least that could answer: `python -m benchmarks --part http`.

Both servers are processes of their own on the same database, with the same server program; a third process asks them
in turns. `minimal` is what ours is measured against, `load` asks, `servers` starts, `run` measures. `crowd` asks what
many searches at once do to everybody else: `--part crowd`.
"""
