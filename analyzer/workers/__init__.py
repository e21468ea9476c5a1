"""Captures read by many processes, of this machine or of a cluster: who reads what, and what comes of it."""
