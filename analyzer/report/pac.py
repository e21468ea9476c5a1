"""Results of PAC files compared with the traffic, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from analyzer.text.labels import ProxyLabel, some, source_label
from analyzer.text.words import counted

ORDER: Final = ("differs", "", "as configured", "not asked")


class Pac(NamedTuple):
    """A PAC file's result for a host, compared with the traffic. state: as configured, differs, not asked, or "" for unknown."""

    file: str
    host: str
    service: str
    returns: str
    asked: str
    state: str
    who: str


def pac_of(rows: Iterable[Mapping[str, Any]], names: Mapping[str, str | None], labels: Mapping[str, ProxyLabel]) -> tuple[Pac, ...]:
    """The document's `pac`, differences first."""
    return tuple(sorted((_pac(row, names, labels) for row in rows), key=lambda row: ORDER.index(row.state)))


def _pac(entry: Mapping[str, Any], names: Mapping[str, str | None], labels: Mapping[str, ProxyLabel]) -> Pac:
    """One entry of the document's `pac`."""
    clients = entry["client_ips"]
    unknown = f" (asks for {some(entry['unresolved'], 2)}, unknown here)" if entry["unresolved"] else ""
    return Pac(
        file=entry["file"],
        host=entry["host"],
        service=entry["service"],
        returns=(entry["returns"] if entry["error"] is None else entry["error"]) + unknown,
        asked=", ".join(str(labels.get(way, way)) for way in entry["asked"]),
        state=(entry["state"] or "").replace("-", " "),
        who=source_label(clients[0], names.get(clients[0])) if len(clients) == 1 else counted(len(clients), "source"),
    )
