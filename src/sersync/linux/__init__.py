"""The basement: system calls and child processes, without policy."""
