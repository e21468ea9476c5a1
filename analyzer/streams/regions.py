"""Records the position of everything that was read in a side's stream, for slices that are cut or anonymized."""

from __future__ import annotations

from analyzer.flows.layout import N_MESSAGES, PAC_FILE, REGION, REGION_PAC
from analyzer.flows.messages import as_region
from analyzer.readers.states import HEAD
from analyzer.readers.texts import new_message, own_side


def note_region(tables, cursor, size, state, n_messages):
    """Add a region for one thing that was read, `size` bytes of those at the cursor, in this state of the side.

    n_messages   the number of messages before it was read: the region is a PAC file where the first new message is one. Of a PAC
                 file of unknown length all bytes there are the region, though the reader advanced only behind its head
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
