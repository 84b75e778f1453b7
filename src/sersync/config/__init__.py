"""From words to the model."""
