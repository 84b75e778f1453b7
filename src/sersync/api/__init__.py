"""People and tools look in: control over a unix socket."""
