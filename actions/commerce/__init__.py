"""The shop: what is sold, who bought it, where it is now."""
