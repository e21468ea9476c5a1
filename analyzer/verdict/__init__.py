"""The verdict: who won, over whom, how sure, and the flows that prove it."""

from analyzer.verdict.document import judge

__all__ = ["judge"]
