"""Programs for those who work on Ombud. Nothing here is installed."""
