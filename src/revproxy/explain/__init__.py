"""What a configuration does to a request, without a network: the story of `revproxy explain`."""
