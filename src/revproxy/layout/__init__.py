"""How a configuration is laid out: `revproxy fmt` writes it in one way."""
