"""The engine of mod_headers: values with format letters, and programs that edit field tables."""
