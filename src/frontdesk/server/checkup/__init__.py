"""Look at a deployment before it serves, and while it does: what it is, whether that is right, and how to mend it."""
