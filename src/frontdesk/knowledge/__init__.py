"""Answer open questions from Markdown articles: read, find, quote (or have it phrased), or say no."""
