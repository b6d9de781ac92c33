"""Looking up with the key that the server keeps: the endpoint's side, and the search's."""
