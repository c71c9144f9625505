"""What goes in and out of the API, as explicit models: nothing is shown because a table happens to have it.

Models for input refuse fields that they do not know. Models for output are made by `of(...)` from what the
layers below return; those for customers have names of their own and lack what is the desk's business.
"""
