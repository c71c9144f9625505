"""What `make bench` measures. Nothing here is installed."""
