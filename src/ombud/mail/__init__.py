"""Mail: reading (`parse`), taking in and sending.

Nothing is imported here, so that reading a message never loads the database layer.
"""
