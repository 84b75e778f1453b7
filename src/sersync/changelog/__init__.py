"""What is not yet on the targets."""
