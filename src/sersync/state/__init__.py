"""What outlives the daemon, in SQLite: one file for each source."""
