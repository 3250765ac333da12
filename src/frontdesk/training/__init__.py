"""Train a model from a project."""
