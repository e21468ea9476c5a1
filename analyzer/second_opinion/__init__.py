"""The flow table's facts read by Wireshark's dissectors, and the differences.

`verify` starts the dissectors and `compare` compares their facts with the flow table. `dissect` runs in a process of its own, with
pyshark; it and its imports load nothing heavy, and nothing of the stages under comparison.
"""
