"""Ready-made wiring for host applications: `ombud.contrib.fastapi`, `.flask`, `.django`.

Each of the three knows its own framework and no other. Beside them is what they share and what knows none:
`host` (one desk a process), `problems` (errors as answers), `asgi` and `wsgi` (the desk's own pages below a
path of the host).
"""
