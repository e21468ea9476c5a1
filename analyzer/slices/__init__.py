"""The packets behind a finding, a flow, a source, a service or a proxy, as a capture of their own.

`choose` picks the flows and gives the reasons, `frames` finds their packets again, `write` puts them into a pcapng file; `anonymize` and
the masks it calls replace addresses, names and users.
"""
