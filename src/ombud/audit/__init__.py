"""The audit log: reading it and keeping its partitions. Triggers write it, nothing here does."""
