"""Put together and kept alive: the composition root, the supervisor, logging."""
