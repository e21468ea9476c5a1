"""Scheduled captures: ring files analysed one by one, evidence kept, packets not, and what changed since the last run."""
