"""The engine. Knows no rsync, no inotify, no TOML."""
