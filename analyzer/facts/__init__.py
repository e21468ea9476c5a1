"""messages → columns: who was asked for, by which name, with which client, and what came of it."""
