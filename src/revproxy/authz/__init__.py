"""The pure engine of authorization: the providers of Require and the tree they stand in."""
