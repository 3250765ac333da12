"""Policies: what to do next, from rules and stories."""
