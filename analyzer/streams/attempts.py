"""When what waits is worth another look: as soon as it can be complete, and not before.

Whoever answered with MORE said what is lacking (SIDE.wanted): so many bytes, a line's end, the empty line behind a head, or the
handshake bytes of TLS records that are still to come. What arrives since is looked at once, where it lies, so that a head that
comes a byte at a time costs its bytes and not their square. A sender that repeats bytes with other content than before may be
read later than it could, and is read all the same.
"""

from __future__ import annotations

from analyzer.flows.coverage import behind
from analyzer.readers.bodies import MAX_TRAILER
from analyzer.readers.records import HANDSHAKE, MAX_RECORD
from analyzer.readers.states import A_BLANK_LINE, TRAILER


def worth_a_try(tables, side):
    """True when what waits at `resume` may be complete now; what is not is remembered as looked at."""
    if side.tried == 0:
        return True
    there = lies_together(tables, side)
    if there <= side.tried:
        return False
    if side.lacking > 0:
        return records_are_there(tables, side, there)
    if side.wanted > 0:
        return there >= side.wanted
    if side.wanted == 0 or (side.state == TRAILER and there >= MAX_TRAILER):
        return True
    if has_line(tables, side, side.wanted == A_BLANK_LINE):
        return True
    side.tried = there
    return False


def lies_together(tables, side):
    """How many bytes wait from `resume` on without a gap."""
    n = 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        offset = behind(segment.seq, side.resume)
        if offset > n:
            break
        n = max(n, offset + segment.size)
        at = segment.next
    return n


def has_line(tables, side, blank):
    """True when behind what was tried a control character stands, or, for `blank`, an empty line ends.

    The last one or two bytes that were tried count, as what they are is known from what follows.
    """
    n = 0
    first = side.tried - (2 if blank else 1)
    before, last = 0, 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        offset = behind(segment.seq, side.resume)
        if offset > n:
            break
        for k in range(max(n, first) - offset, segment.size):
            c = tables.arena[segment.at + k]
            if blank:
                if c == 10 and (last == 10 or (last == 13 and before == 10)):
                    return True
                before, last = last, c
            elif c < 32 and c != 9:
                return True
        n = max(n, offset + segment.size)
        at = segment.next
    return False


def byte_at(tables, side, offset):
    """The byte that waits so far behind `resume`; there is one."""
    n = 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        begins = behind(segment.seq, side.resume)
        n = max(n, begins + segment.size)
        if offset < n:
            return tables.arena[segment.at + offset - begins]
        at = segment.next
    return 0


def records_are_there(tables, side, there):
    """True when the handshake bytes that lacked are there, or something else than the next record of a handshake."""
    while side.lacking > 0 and there >= side.wanted:
        header = side.wanted - 5
        size = byte_at(tables, side, header + 3) << 8 | byte_at(tables, side, header + 4)
        is_handshake = byte_at(tables, side, header) == HANDSHAKE and byte_at(tables, side, header + 1) == 3
        if not is_handshake or size == 0 or size > MAX_RECORD:
            return True
        if size >= side.lacking:
            side.wanted += side.lacking
            side.lacking = 0
        else:
            side.wanted += size + 5
            side.lacking -= size
    return side.lacking == 0 and there >= side.wanted
