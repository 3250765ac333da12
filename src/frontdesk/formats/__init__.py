"""Reads and writes a project: Rasa 3's YAML files in, frozen values of the core out, and back."""
