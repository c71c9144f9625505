"""The description itself, and a page for people made of it: one document, no scripts, nothing from elsewhere."""

from ombud.api.docs.routes import docs_routes

__all__ = ["docs_routes"]
