"""The HTTP server: channels, pages, health."""
