"""Settings for findings: what to change, where it is set, Microsoft's page about it, and what the next capture must then show."""
