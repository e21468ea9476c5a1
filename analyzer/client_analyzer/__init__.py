"""Microsoft's Defender for Endpoint Client Analyzer: its results read and compared with a capture, and its own traffic recognized."""
