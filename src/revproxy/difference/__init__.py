"""What two configurations do differently: their lines, and the requests they answer."""
