"""TLS: what the SSL* directives say, made into contexts and checks. No socket is touched here."""
