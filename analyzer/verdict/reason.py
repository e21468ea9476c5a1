"""The reason for a verdict: one service's or plane's answer as an English sentence with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.tables import OUTCOMES
from analyzer.text.times import clock
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.outcome import BROKEN, CHALLENGED, UNSEEN
from analyzer.verdict.winner import Answer, Contest, Share


def reason_of(answer: Answer, what: str) -> str:
    """The reason for the last era's winner, or for its absence, and the answer before it.

    what  the service's slug or the plane
    """
    sentence = _of_era(answer.last, what)
    if not answer.changed:
        return sentence
    since, before = answer.eras[-1].since, answer.eras[-2]
    earlier = before.contest.winner or before.contest.asked
    until = f" until {clock(before_until)}" if (before_until := answer.eras[-1].until) is not None else ""
    lead = f"since {clock(since)} " if since is not None else ""
    return f"{lead}{sentence}; before that {earlier.label if earlier else 'no proxy'}{until}"


def _of_era(contest: Contest, what: str) -> str:
    carriers = contest.carriers
    parts = [_carried(contest, what) if carriers else _not_carried(contest, what)]
    asked, winner = contest.asked, contest.winner
    if carriers and contest.failures:
        n = sum(contest.failures.values())
        parts.append(f"{n} failed ({failure_list(contest.failures)})")
    if asked is not None and winner is not None and asked.itself != winner.itself:
        parts.append(f"{asked.label} was asked most, {asked.asked} of {contest.n_requests} times")
    challenged = contest.outcomes[CHALLENGED]
    if carriers:
        carried = sum(share.carried for share in carriers)
        broken = contest.outcomes[BROKEN] - contest.mute - contest.unused
        became = ((broken, "TLS broke"), (contest.mute, "nothing came back inside"), (contest.unused, "the client said nothing inside"))
        parts += [f"{_how_many(n, carried)} {what}" for n, what in became if n]
    if winner is not None and winner.worked and not contest.on_itself:
        parts.append("only a pattern for regions or an answer of DNS names their hosts, or they were redirected to other hosts")
    if winner is not None and (unread := contest.elsewhere_unread):
        parts.append(f"what {counted(sum(unread.values()), 'request')} to {listed(list(unread))} asked for can't be seen")
    if challenged:
        parts.append(f"{counted(challenged, 'request')} {'was' if challenged == 1 else 'were'} asked to authenticate first")
    if (carriers or contest.failures) and (contest.direct["answered"] or contest.direct["blocked"]):
        parts.append(_direct(contest, what))
    return "; ".join(parts)


def _how_many(n: int, carried: int) -> str:
    """ "in it", "in all 3", "in one of them"."""
    if n == carried:
        return "in it" if n == 1 else f"in all {n}"
    return f"in {'one' if n == 1 else n} of them"


def _carried(contest: Contest, what: str) -> str:
    carriers, winner = contest.carriers, contest.winner
    total = sum(share.carried for share in carriers)
    things = f"{what} {_noun(carriers, total)}"
    if contest.split:
        by_proxy = listed([f"{share.label} {share.carried}" for share in carriers])
        return f"{what} is split: its services went through different proxies ({by_proxy} of {total})"
    if winner is None:
        tied = [share.label for share in contest.tied]
        return f"{listed(tied)} carried {carriers[0].carried} of {total} {things} each, with as many bytes and as late: a tie"
    if len(carriers) > 1:
        return f"{winner.label} carried {winner.carried} of {total} {things} ({100 * winner.carried // total} %){_tie_break(carriers)}"
    through = total - sum(share.worked + share.broken for share in carriers)  # let through, with nothing known of the rest
    perhaps = contest.outcomes[UNSEEN] - through  # not even whether they were let through
    carried = f"{winner.label} carried {total if perhaps > 0 else f'all {total}' if total > 1 else 'the one'} {things}"
    missing = [f"what came of {'it' if total == 1 else f'{through} of them'}"] if through else []
    if perhaps > 0:
        missing.append(f"whether {counted(perhaps, 'other request', 'other requests')} {'was' if perhaps == 1 else 'were'} let through")
    if missing:
        return f"{carried}, but {' and '.join(missing)} isn't in the capture"
    return f"{carried} and {'every' if total > 1 else 'its'} answer was seen"


def _tie_break(carriers: Sequence[Share]) -> str:
    best, second = carriers[:2]
    decides = "worked" if any(share.worked for share in carriers) else "carried"
    if getattr(best, decides) > getattr(second, decides):
        return "" if best.carried > second.carried else f", and more of them worked than through {second.label}"
    if best.bytes > second.bytes:
        return f", as many as {second.label} but more bytes ({best.bytes:,} against {second.bytes:,})"
    return f", as many as {second.label} with as many bytes, but later"


def _not_carried(contest: Contest, what: str) -> str:
    failed = sum(contest.failures.values())
    if failed:
        every = f"all {failed} {what} requests" if failed > 1 else f"the one {what} request"
        tries = contest.n_requests - contest.outcomes[CHALLENGED]  # a challenge and its answer are one
        if failed != tries:
            of_all = f"{failed} of {counted(tries, f'{what} request')} failed ({failure_list(contest.failures)})"
            return f"{of_all}: none is seen to be carried"
        return f"{every} failed ({failure_list(contest.failures)}): no proxy carried any"
    if contest.n_requests:
        states = [f"{n} {OUTCOMES[code]}" for code, n in sorted(contest.outcomes.items(), key=lambda item: (-item[1], item[0]))]
        return f"of {counted(contest.n_requests, f'{what} request')} none is seen to be carried ({listed(states)})"
    if contest.shares:
        labels = listed([share.label for share in contest.shares.values()])
        return f"there are {what} flows to {labels}, but no request that was carried is in the capture"
    return f"{_direct(contest, what)}: no {what} request to a proxy was seen"


def _direct(contest: Contest, what: str) -> str:
    """ "3 direct connections for sensor were answered and 2 were blocked"; counts flows."""
    said = {"answered": ("was answered", "were answered"), "blocked": ("was blocked", "were blocked")}
    said["unknown"] = ("has an end that isn't in the capture", "have ends that aren't in the capture")
    parts: list[str] = []
    for outcome, (one, many) in said.items():
        if n := contest.direct[outcome]:
            parts.append(f"{n if parts else counted(n, 'direct connection')} {'' if parts else f'for {what} '}{one if n == 1 else many}")
    return " and ".join(parts)


def _noun(carriers: Sequence[Share], total: int) -> str:
    """ "tunnel" for CONNECT and SOCKS requests; "request" where any is absolute-form."""
    word = "request" if any(share.pages for share in carriers) else "tunnel"
    return word if total == 1 else f"{word}s"
