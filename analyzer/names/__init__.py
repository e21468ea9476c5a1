"""flows → names: who was asked for, read from the first bytes of each direction."""
