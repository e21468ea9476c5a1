"""Packets captured twice, and bytes not captured, as damage of the inputs."""

from __future__ import annotations

from analyzer.capture.block import Damage
from analyzer.facts.table import Named


def losses_of(named: Named, n_copies: int, n_inputs: int) -> list[list[Damage]]:
    """The damage of each input: packets captured twice and bytes missing in its flows, counted at the input that saw the flow first."""
    losses: list[list[Damage]] = [[] for _ in range(n_inputs)]
    if n_copies:
        where = "" if n_inputs == 1 else " (of all inputs together)"
        losses[0].append(Damage("duplicated-packets", f"packets captured twice, counted once{where}", count=n_copies))
    for source, (n_flows, n_bytes) in named.missing.items():
        text = f"{n_bytes} bytes in the middle of {n_flows} TCP {'conversation' if n_flows == 1 else 'conversations'} were not captured"
        losses[source].append(Damage("capture-gap", text))
    return losses
