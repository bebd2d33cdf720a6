"""The commands, one a file: `add` gives it to the parser of the command line."""
