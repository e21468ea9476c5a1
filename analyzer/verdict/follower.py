"""Rows of sources that are alike: another source's row with their own addresses, times and amounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.verdict.amounts import Amounts
from analyzer.verdict.groups import Member
from analyzer.verdict.sources import SourceNames

Row = dict[str, Any]


class Pattern:
    """One source's row, from which the rows of other sources are made."""

    def __init__(self, row: Row, member: Member, codes: tuple[dict[str, int], dict[str, int]]) -> None:
        """codes: of its services, and of its planes, by name."""
        self._row, self._member = row, member
        self._pieces: list[tuple[bool, int, Row, list[Row]]] = []
        """(whether of a plane, position among the source's amounts, its era, its shares) for each distinct list of eras."""
        self._entries: tuple[list[tuple[Row, int]], list[tuple[Row, int]]] = ([], [])
        """(an entry, the position of its eras in _pieces), of services and of planes."""
        written: dict[int, int] = {}
        for of_planes, (entries, name) in enumerate(((row["services"], "service"), (row["planes"], "plane"))):
            order = sorted(codes[of_planes].values())
            for entry in entries:
                eras = entry["eras"]
                if id(eras) not in written:
                    written[id(eras)] = len(self._pieces)
                    (era,) = eras
                    self._pieces.append((bool(of_planes), order.index(codes[of_planes][entry[name]]), era, entry["by_proxy"]))
                self._entries[of_planes].append((entry, written[id(eras)]))

    def written(self, client: int, ip: str, names: SourceNames, amounts: Sequence[Amounts]) -> tuple[Row, Member]:
        """The row of a source that is alike, and its group membership. amounts: of services, and of planes."""
        parts = []
        for of_planes, place, era, shares in self._pieces:
            of_kind = amounts[of_planes]
            at = of_kind.at[client] + place
            own = [{**era, "first_seen": of_kind.first[at], "last_seen": of_kind.last[at]}]
            by_proxy = [
                {
                    **share,
                    "bytes": of_kind.share_bytes[at],
                    "first_seen": of_kind.share_first[at],
                    "last_seen": of_kind.share_last[at],
                }
                for share in shares
            ]
            parts.append((own, by_proxy))
        services, planes = (
            [{**entry, "eras": parts[number][0], "by_proxy": parts[number][1]} for entry, number in entries] for entries in self._entries
        )
        row = {
            **self._row,
            "client_ip": ip,
            "client_ips": names.addresses(ip),
            "name": names.name(ip),
            "services": services,
            "planes": planes,
        }
        member = self._member
        return row, Member(ip, member.defender, member.parts, member.planes, member.facts)
