"""Real-time, one-way replication of Linux directory trees through rsync."""

__version__ = "3.0.0.dev0"
