"""The demo shop: made up from a seed, with dates that end today."""
