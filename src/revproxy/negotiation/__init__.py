"""Content negotiation: which of several variants of a resource a client gets (mod_negotiation)."""
