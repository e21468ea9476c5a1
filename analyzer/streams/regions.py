"""Where in its side's stream everything stands that was read: for who cuts or masks it, by the readers' own word."""

from __future__ import annotations

from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import N_MESSAGES, PAC_FILE, REGION, REGION_PAC
from analyzer.flows.messages import as_region
from analyzer.readers.states import HEAD
from analyzer.readers.texts import new_message


def note_region(tables, row, side_index, seq, size, there, state, n_messages):
    """Keep that one thing was read from `seq` on, `size` bytes of those that were there, where the side was in this state.

    n_messages   how many there were before it was read: a PAC file where the first since is one. Of a PAC file whose length isn't
                 known everything there was read, though only its head was passed over
    """
    is_pac = tables.counts[N_MESSAGES] > n_messages and (tables.messages + n_messages).kind == PAC_FILE
    behind = (tables.sides + 2 * row + side_index).state
    if is_pac and behind != HEAD:
        size = there
    region = as_region(new_message(tables, REGION, row, side_index, seq, as_u32(seq + size), 0, 0))
    region.state = state
    region.behind = behind
    region.holds = REGION_PAC if is_pac else 0
