"""sed: a script's text to commands, and commands at work on lines (mod_sed)."""
