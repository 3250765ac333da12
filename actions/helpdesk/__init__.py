"""Tickets: where people take over from the assistant."""
