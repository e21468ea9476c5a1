"""Scheduled captures: ring files analysed one by one, rows kept without the packets, and the changes since the last run."""
