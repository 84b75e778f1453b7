"""The file system, told as reports."""
