"""Where in its side's stream everything stands that was read: for who cuts or masks it, by the readers' own word."""

from __future__ import annotations

from analyzer.flows.layout import N_MESSAGES, PAC_FILE, REGION, REGION_PAC
from analyzer.flows.messages import as_region
from analyzer.readers.states import HEAD
from analyzer.readers.texts import new_message, own_side


def note_region(tables, cursor, size, state, n_messages):
    """Keep that one thing was read, `size` bytes of those that were there, where the side was in this state.

    n_messages   how many there were before it was read: a PAC file where the first since is one. Of a PAC file whose length isn't
                 known everything there was read, though only its head was passed over
    """
    is_pac = tables.counts[N_MESSAGES] > n_messages and (tables.messages + n_messages).kind == PAC_FILE
    behind = own_side(tables, cursor).state
    if is_pac and behind != HEAD:
        size = cursor.end - cursor.at
    region = as_region(new_message(tables, cursor, REGION, size))
    region.ts_ns = 0
    region.state = state
    region.behind = behind
    region.found = cursor.found
    region.holds = REGION_PAC if is_pac else 0
