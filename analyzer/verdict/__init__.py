"""The verdict: who won, over whom, how sure, and which flows prove it."""

from analyzer.verdict.document import judge

__all__ = ["judge"]
