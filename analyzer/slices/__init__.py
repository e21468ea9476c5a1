"""The packets behind a finding, a flow, a source, a service or a proxy, as a capture of their own.

`choose` says which flows and why, `frames` finds their packets again, `write` puts them into a pcapng file; `anonymize` and what
it needs make it one that may leave the house.
"""
