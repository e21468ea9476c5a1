"""Why: the verdict on one service or plane as an English sentence with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzer.routes.requests import NO_STATUS
from analyzer.verdict.winner import Contest, Share


def reason_of(contest: Contest, what: str) -> str:
    """The reason for the winner, or for there being none.

    what  the service's slug or the plane
    """
    carriers = contest.carriers
    failed = sum(share.failed for share in contest.shares)
    sentence = _carried(contest, what) if carriers else _not_carried(contest, what, failed)
    parts = [sentence]
    if carriers and failed:
        parts.append(f"{failed} failed ({failure_list(contest.failures)})")
    if (carriers or failed) and (contest.went_direct or contest.blocked_direct):
        parts.append(_direct(contest))
    return "; ".join(parts)


def _carried(contest: Contest, what: str) -> str:
    carriers, winner = contest.carriers, contest.winner
    total = sum(share.carried for share in carriers)
    things = f"{what} {_noun(carriers, total)}"
    if winner is None:
        tied = [share.label for share in carriers if share.rank == carriers[0].rank]
        return f"{listed(tied)} carried {carriers[0].carried} of {total} {things} each, with as many bytes and as late: a tie"
    if len(carriers) > 1:
        return f"{winner.label} carried {winner.carried} of {total} {things} ({100 * winner.carried // total} %){_tie_break(carriers)}"
    all_of_them = f"all {total}" if total > 1 else "the one"
    carried = f"{winner.label} carried {all_of_them} {things}"
    unseen = sum(share.unseen for share in contest.shares)
    if unseen:
        asked = "answer was" if unseen == 1 else "answers were"
        return f"{carried}, but {unseen} {asked} not captured"
    return f"{carried} and {'every' if total > 1 else 'its'} answer was seen"


def _tie_break(carriers: Sequence[Share]) -> str:
    best, second = carriers[:2]
    if best.carried > second.carried:
        return ""
    if best.bytes > second.bytes:
        return f", as many as {second.label} but more bytes ({best.bytes} against {second.bytes})"
    return f", as many as {second.label} with as many bytes, but later"


def _not_carried(contest: Contest, what: str, failed: int) -> str:
    if failed:
        every = f"all {failed} {what} requests" if failed > 1 else f"the one {what} request"
        return f"{every} failed ({failure_list(contest.failures)}): no proxy carried any"
    if contest.went_direct or contest.blocked_direct:
        return f"{_direct(contest)}: no proxy carried any {what} request"
    labels = listed([share.label for share in contest.shares])
    return f"there are {what} flows to {labels}, but no request that was carried is in the capture"


def _direct(contest: Contest) -> str:
    """ "3 connections went direct and 2 direct attempts were blocked", whichever there were."""
    parts = []
    if contest.went_direct:
        parts.append(f"{counted(contest.went_direct, 'connection')} went direct")
    if contest.blocked_direct:
        parts.append(f"{counted(contest.blocked_direct, 'direct attempt')} {'was' if contest.blocked_direct == 1 else 'were'} blocked")
    return " and ".join(parts)


def _noun(carriers: Sequence[Share], total: int) -> str:
    """Tunnels are CONNECT's and SOCKS's; with absolute-form among them they are requests."""
    word = "request" if any(share.pages for share in carriers) else "tunnel"
    return word if total == 1 else f"{word}s"


def failure_list(failures: Mapping[int, int]) -> str:
    """ "3 × 407, 1 unanswered"."""
    ordered = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{n} unanswered" if status == NO_STATUS else f"{n} × {status}" for status, n in ordered)


def counted(n: int, noun: str) -> str:
    """ "1 flow", "2 flows", "2 addresses"."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{plural}"


def listed(texts: Sequence[str], most: int = 3) -> str:
    """ "a", "a and b", "a, b, c and 4 more"; characters that could steer a terminal are spelled out."""
    safe = [printable(text) for text in texts]
    if len(safe) > most + 1:
        return f"{', '.join(safe[:most])} and {len(safe) - most} more"
    return " and ".join(filter(None, [", ".join(safe[:-1]), safe[-1] if safe else ""]))


def printable(text: str) -> str:
    """The text with control, format and other unprintable characters as \\xNN: it came from the network."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
