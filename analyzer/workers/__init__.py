"""Captures read by many processes, of this machine or of a cluster: the division of the work, and the merge of the results."""
