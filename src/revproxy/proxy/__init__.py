"""The pure engine of mod_proxy: mappings, worker parameters, requests out, fields back."""
