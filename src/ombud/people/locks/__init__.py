"""Locks of people, and what is looked at under them. Without actions: whatever keeps people may import it."""
