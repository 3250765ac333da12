"""The flows: what the assistant does in a conversation, thin, over the services."""
