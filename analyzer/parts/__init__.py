"""Pieces of the traffic: in files, put together, and read by many processes at once."""
