"""The engine of mod_rewrite: rules, conditions and maps, compiled once to closures."""
