"""Files served from disk: finding them, their entity tags, their bodies, the default handler."""
