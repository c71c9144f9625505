"""What a template may see: frozen records, already filtered, shortened and worded for one viewer.

A template gets nothing else, so it can run no statement and leak no column. No session, no HTTP.
"""
