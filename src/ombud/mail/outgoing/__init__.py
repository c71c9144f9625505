"""The outbox: what is to go out is queued with its cause, sent by the worker, and seen on the page.

`actions` are what people and causes do, `attempts` what the worker does; `rules` decides. Nothing is imported here.
"""
