"""flows → messages: the first bytes of each direction put in order, and given to the reader of what comes next."""
