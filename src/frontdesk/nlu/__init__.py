"""What a text means: components that make tokens and features, and find intent, entities and sentiment."""
