"""The page: how everything stands, for people with a browser."""
