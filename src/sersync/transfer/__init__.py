"""From dirty paths to a target, by rsync."""
