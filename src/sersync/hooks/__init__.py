"""What runs after a transfer: commands, sockets, requests. Each fits the port of the engine."""
