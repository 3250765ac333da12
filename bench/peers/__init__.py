"""Hold the same conversations with Rasa and with Frontdesk, and tell where they differ."""
