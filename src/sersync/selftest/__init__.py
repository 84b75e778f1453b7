"""Every fault that we know of, done for real to a daemon of its own, and what came of it."""
