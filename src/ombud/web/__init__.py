"""The desk in the browser: pages rendered on the server, swapped by htmx, styled by our own CSS.

Here: routes by page, what templates may see (`views`), Jinja templates (`pages`, `partials`, `components`)
and the sources of scripts and styles (`frontend`). Not here: rules, queries or writes; those are slices.
"""
