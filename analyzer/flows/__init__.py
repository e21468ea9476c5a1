"""packets → flows: conversations, with the first bytes of each direction put in order."""
