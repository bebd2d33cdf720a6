"""Real Apache as the oracle: the same file, the same bytes, the same answer."""
