"""The same facts through Wireshark's dissectors, and where they differ from the flow table.

`verify` asks and `compare` holds one against the other. `dissect` runs in a process of its own, with pyshark; it and what
it needs import nothing heavy, nor anything of the stages that they are held against.
"""
