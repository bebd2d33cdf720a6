"""Who a client is: password files, hashes, the Basic and Digest schemes."""
