"""The receiving side: rsyncd.conf, secrets, a supervised daemon."""
