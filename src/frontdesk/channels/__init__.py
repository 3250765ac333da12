"""Ways in which messages come and go."""
