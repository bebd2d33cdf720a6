"""Listings of directories (mod_autoindex)."""
