"""Parts of the traffic: written to files, merged, and read by many processes at once."""
