"""Flow rows compared with Wireshark's conversations: which belong together, and in which facts they differ."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Row = Mapping[str, Any]
Talk = Mapping[str, Any]

NAMES: Final = (
    "request",
    "requested_host",
    "requested_port",
    "proxy_status",
    "user_agent",
    "http_host",
    "sni",
    "client_random",
    "tls_version",
)
"""Facts that both sides read from payload: columns of the flow table."""

FACTS: Final = ("conversation", "client", "packets_out", "packets_in", *NAMES)

BESIDE_A_GAP: Final = "without waiting for bytes that are missing"


@dataclass
class Comparison:
    """One fact of one flow: whichproxy's value, Wireshark's value, the frames that show it."""

    fact: str
    ours: Any
    theirs: Any
    agrees: bool
    frames: list[int] = field(default_factory=list)
    note: str | None = None


@dataclass
class FlowOpinion:
    """One conversation on both sides. id is None where only Wireshark has it, stream is None where only whichproxy does."""

    id: str | None
    capture: str
    protocol: str
    client: str
    server: str
    stream: int | None
    filter: str
    lines: list[Comparison]

    @property
    def differences(self) -> list[Comparison]:
        return [line for line in self.lines if not line.agrees]


def compare(rows: Sequence[Row], talks: Sequence[Talk], capture: str) -> list[FlowOpinion]:
    """One opinion for each row and each conversation: rows in order, then conversations that only Wireshark has.

    rows    flow rows (times in nanoseconds) that are in this capture alone
    talks   the same capture's conversations, from `dissect`
    """
    matched, alone = pair(rows, talks)
    opinions = [opinion_of(row, talk, capture) for row, talk in zip(rows, matched, strict=True)]
    return [*opinions, *(only_theirs(talk, capture) for talk in alone)]


def pair(rows: Sequence[Row], talks: Sequence[Talk]) -> tuple[list[Talk | None], list[Talk]]:
    """For each row its conversation or None, and the conversations without a row.

    One pair of endpoints may have several conversations: equal first times are paired first, the rest in time order.
    """
    by_ends: dict[Any, list[Talk]] = defaultdict(list)
    for talk in talks:
        by_ends[ends_of_talk(talk)].append(talk)
    found: list[Talk | None] = [None] * len(rows)
    for i, row in enumerate(rows):
        candidates = by_ends.get(ends_of_row(row), [])
        same = next((talk for talk in candidates if talk["first_ns"] == row["first_seen"] is not None), None)
        if same is not None:
            found[i] = same
            candidates.remove(same)
    for i, row in enumerate(rows):
        candidates = by_ends.get(ends_of_row(row), [])
        if found[i] is None and candidates:
            found[i] = candidates.pop(0)
    return found, [talk for candidates in by_ends.values() for talk in candidates]


def ends_of_row(row: Row) -> tuple[str, frozenset[tuple[str, int]]]:
    """Protocol and both endpoints, without direction."""
    return row["protocol"], frozenset([(row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])])


def ends_of_talk(talk: Talk) -> tuple[str, frozenset[tuple[str, int]]]:
    """The same key for a conversation; addresses spelled by RFC 5952."""
    return talk["protocol"], frozenset((address(ip), port) for ip, port in talk["ends"])


def address(text: str) -> str:
    """An address in its canonical spelling: Wireshark writes an IPv4 address inside an IPv6 one with dots."""
    import ipaddress

    return str(ipaddress.ip_address(text)) if ":" in text else text


def end_text(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def opinion_of(row: Row, talk: Talk | None, capture: str) -> FlowOpinion:
    """The comparison of one flow."""
    client, server = end_text(row["client_ip"], row["client_port"]), end_text(row["server_ip"], row["server_port"])
    lines = [_only_ours(f"{client} > {server}", row.get("outer"))] if talk is None else list(lines_of(row, talk))
    stream = None if talk is None else talk["stream"]
    return FlowOpinion(row["id"], capture, row["protocol"], client, server, stream, filter_of(row, stream), lines)


def _only_ours(ends: str, outer: str | None) -> Comparison:
    """The line of a conversation that Wireshark doesn't have; it opens some tunnels only where it saw them negotiated."""
    note = f"the packets are in {outer}, which Wireshark may not open" if outer else None
    return Comparison("conversation", ends, None, agrees=False, note=note)


def only_theirs(talk: Talk, capture: str) -> FlowOpinion:
    """A conversation that the flow table doesn't have."""
    opener = talk["opener"] or 0
    client, server = (end_text(address(ip), port) for ip, port in (talk["ends"][opener], talk["ends"][1 - opener]))
    line = Comparison("conversation", None, f"{client} > {server}", agrees=False, frames=[talk["frames"][0]])
    where = f"{talk['protocol']}.stream eq {talk['stream']}"
    return FlowOpinion(None, capture, talk["protocol"], client, server, talk["stream"], where, [line])


def filter_of(row: Row, stream: int | None) -> str:
    """A Wireshark display filter for this conversation of this capture."""
    if stream is not None:
        return f"{row['protocol']}.stream eq {stream}"
    parts = []
    for end in ("client", "server"):
        family = "ipv6" if ":" in row[f"{end}_ip"] else "ip"
        parts += [f"{family}.addr eq {row[f'{end}_ip']}", f"{row['protocol']}.port eq {row[f'{end}_port']}"]
    return " and ".join(parts)


def lines_of(row: Row, talk: Talk) -> Iterable[Comparison]:
    """The comparison of each fact that either side has."""
    ours = end_text(row["client_ip"], row["client_port"])
    at_first = (address(talk["ends"][0][0]), talk["ends"][0][1]) == (row["client_ip"], row["client_port"])
    if talk["opener"] is None:
        no_syn = "no SYN was captured, so Wireshark doesn't tell"
        yield Comparison("client", ours, None, agrees=True, frames=[talk["frames"][0]], note=no_syn)
    else:
        ip, port = talk["ends"][talk["opener"]]
        theirs = end_text(address(ip), port)
        yield Comparison("client", ours, theirs, ours == theirs, [talk["opener_frame"]])
    for name, side in (("packets_out", 0 if at_first else 1), ("packets_in", 1 if at_first else 0)):
        copies = talk["copies"][side]
        counted = talk["packets"][side] - copies
        note = f"{copies} captured twice, counted once" if copies else None
        yield Comparison(name, row[name], counted, row[name] == counted, list(talk["frames"]), note)
    for name in NAMES:
        fact = talk["facts"].get(name)
        value = None if fact is None else fact[0]
        if row[name] is not None or value is not None:
            frames, note = ([], None) if fact is None else (list(fact[1]), fact[2] if len(fact) > 2 else None)
            yield Comparison(name, row[name], value, same(name, row[name], value), frames, note)


_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def same(name: str, ours: Any, theirs: Any) -> bool:
    """Whether both values are equal.

    A requested address may be spelled in several ways. Bytes that are no UTF-8 are `\\xNN` in the flow table, and U+FFFD or an escape
    of tshark's own in its output.
    """
    if ours == theirs:
        return True
    if not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    if name in ("requested_host", "http_host") and ":" in ours and ":" in theirs:
        try:
            return address(ours) == address(theirs)
        except ValueError:
            return False
    if "\\x" not in ours:
        return False
    pattern = "".join(rf"(?:\ufffd|\\x{part})?" if i % 2 else re.escape(part) for i, part in enumerate(_ESCAPED.split(ours)))
    return re.fullmatch(pattern, theirs, re.IGNORECASE) is not None


def unseen_by_wireshark(opinion: FlowOpinion) -> bool:
    """Whether whichproxy read a name where Wireshark read none: Wireshark may wait for bytes that were never captured."""
    return opinion.stream is not None and any(
        not line.agrees and line.theirs is None and line.ours is not None and line.fact in NAMES for line in opinion.lines
    )


def with_second_look(talk: Talk, again: Talk | None) -> Talk:
    """The conversation with additional facts from `again`, the conversation dissected without waiting for missing bytes."""
    if again is None:
        return talk
    facts = dict(talk["facts"])
    for name, (value, frames) in again["facts"].items():
        facts.setdefault(name, (value, frames, BESIDE_A_GAP))
    return {**talk, "facts": facts}
