"""messages → columns: the requested host, its source, the client's family, and the outcome."""
