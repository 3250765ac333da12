"""A shop of another kind: its policies and articles, and tasks for a scripted customer; no code of its own."""
