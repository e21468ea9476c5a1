"""flows → messages: the first bytes of each direction, in order, read message by message."""
