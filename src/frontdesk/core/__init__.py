"""Frozen data and pure functions of a conversation; the standard library only."""
