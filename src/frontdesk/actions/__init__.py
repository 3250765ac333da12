"""What the assistant does: responses, forms, slot extraction, default actions, and the action server."""
