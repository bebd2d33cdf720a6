"""Content codings: coders and decoders, and what a client accepts (RFC 9110, section 8.4)."""
