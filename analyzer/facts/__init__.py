"""messages → columns: the host that was asked for, its source, the client's stack, and the outcome."""
