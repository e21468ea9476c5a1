"""Microsoft's Defender for Endpoint Client Analyzer: its results read, laid beside a capture, and its own traffic known."""
