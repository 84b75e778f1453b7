"""The nouns. Pure: no input or output, no clock, no thread."""
