"""Routes, one file for a page or a family of changes. A route reads a request, calls actions, and answers."""
