"""``sersync top``: a live view, and keys to act."""
