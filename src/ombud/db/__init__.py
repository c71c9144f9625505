"""The database tier: engines, sessions, roles, types, migrations' runner and the embedded server.

No table is defined here (see `ombud.models`) and no decision of the domain is taken here.
"""
