"""The commands: `manage.py ombud ...`."""
