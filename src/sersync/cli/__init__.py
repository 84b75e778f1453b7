"""What people type; the only place that prints and exits."""
