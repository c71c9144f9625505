"""Leaf helpers without domain words. Nothing here imports anything else of Ombud but errors."""
