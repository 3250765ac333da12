"""A shop of another kind, served with data and policies only: its rules, its articles, and tasks for a scripted customer."""
