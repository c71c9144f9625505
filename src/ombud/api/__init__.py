"""The JSON API under /api/v1: routes by resource, their schemas, and the mapping of errors to answers.

A route reads what was sent, calls queries and actions of the slices, and shows what came out. No rule about
tickets or people is here.
"""
