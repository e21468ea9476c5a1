"""Microsoft's page of connectivity URLs as rows, one for each host, however it was saved and its columns are named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.errors import Unusable
from analyzer.services.hosts import dns_name
from analyzer.services.page_tables import PageTable, TablesPage, read_page
from analyzer.services.required import COMMERCIAL, EVERYWHERE, STANDARD, STREAMLINED

REQUIRED, OPTIONAL, PORTAL = "required", "optional", "portal"

GOVERNMENT: Final = ("GCC", "GCCH", "DoD")

# Geography as in the pages → clouds and geography as in the catalogue.
_GEOGRAPHIES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "us gov": (GOVERNMENT, "USGov"),
    "usgov": (GOVERNMENT, "USGov"),
    "gcc": (("GCC",), "USGov"),
    "gcc high": (("GCCH",), "USGov"),
    "dod": (("DoD",), "USGov"),
}

# Parts of a page that belong to other lists: versions of Windows that onboard differently.
_OTHER_LISTS: Final = re.compile(r"\b(1607|MMA|Windows 7)\b")

_COLUMNS: Final = {
    "description": re.compile(r"description", re.IGNORECASE),
    "endpoint": re.compile(r"^(endpoint|urls?\b)", re.IGNORECASE),
    "category": re.compile(r"^(required|type$)", re.IGNORECASE),
    "geo": re.compile(r"^geograph", re.IGNORECASE),
    "port": re.compile(r"^ports?$", re.IGNORECASE),
    "os": re.compile(r"^os$", re.IGNORECASE),
    "windows": re.compile(r"^win\S* (1[01]|11/10)", re.IGNORECASE),
    "macOS": re.compile(r"^mac", re.IGNORECASE),
    "linux": re.compile(r"^linux", re.IGNORECASE),
}


class Published(NamedTuple):
    """A host that the page lists.

    pattern   a host, or "*.x"
    path      of the URL, where it has one
    category  required, optional; portal: in a table of portals, without further details
    port      empty: not given
    """

    pattern: str
    path: str | None
    description: str | None
    category: str
    cloud: tuple[str, ...]
    geo: str
    port: tuple[int, ...]
    os: tuple[str, ...]


class PublishedList(NamedTuple):
    """A whole page.

    source              title of the page, else the name of the file
    day                 the page's own date; None: it has none
    connectivity_model  standard or streamlined
    cloud               commercial, or the government clouds
    unread              entries in the host column that are no hosts
    """

    source: str
    day: date | None
    connectivity_model: str
    cloud: tuple[str, ...]
    rows: list[Published]
    unread: list[str]


def read_published(path: str | Path, model: str | None = None) -> PublishedList:
    """The page's content.

    model  standard or streamlined, where neither its title nor its file name contains it
    Errors  Unusable: the file can't be read, no table of it lists URLs, or the connectivity model is unknown
    """
    page = read_page(path)
    said = f"{page.title} {Path(path).name}".lower()
    chosen = model or next((each for each in (STREAMLINED, STANDARD) if each in said), None)
    if chosen is None:
        raise Unusable("neither its title nor its name says which list it is", str(path), "add --model standard or --model streamlined")
    government = "gov" in said
    rows: list[Published] = []
    unread: list[str] = []
    for table in page.tables:
        if not _OTHER_LISTS.search(table.heading):
            for row in _rows(table, GOVERNMENT if government else (COMMERCIAL,), unread):
                if row not in rows:
                    rows.append(row)
    of_devices = {row.pattern for row in rows if row.category != PORTAL}
    rows = [row for row in rows if row.category != PORTAL or row.pattern not in of_devices]
    if not rows:
        raise Unusable("no table in it lists URLs", str(path), "give the page whose table has a column Endpoint/URL")
    cloud = GOVERNMENT if government or all(row.cloud != (COMMERCIAL,) for row in rows) else (COMMERCIAL,)
    return PublishedList(page.title or Path(path).name, _day(page), chosen, cloud, rows, unread)


def _rows(table: PageTable, cloud: tuple[str, ...], unread: list[str]) -> Iterator[Published]:
    columns: dict[str, int] = {}
    for at, head in enumerate(table.head):
        name = next((name for name, shape in _COLUMNS.items() if shape.search(head)), None)
        if name is not None:
            columns.setdefault(name, at)
    if "endpoint" not in columns or not {"category", "geo", "port"} & set(columns):
        return
    above: list[str] = []
    for cells in table.rows:
        # an empty cell repeats the one above it where a row continues (port and service both empty)
        if above and not any(cells[: columns["endpoint"]]):
            cells = [cell or before for cell, before in zip([*cells, *[""] * len(above)], above, strict=False)]
        above = cells

        def of(name: str, cells: list[str] = cells) -> str:
            at = columns.get(name, len(cells))
            return cells[at] if at < len(cells) else ""

        clouds, geo = _GEOGRAPHIES.get(of("geo").lower(), (cloud, of("geo") if of("geo") not in ("", "All") else EVERYWHERE))
        category = PORTAL if "category" not in columns else REQUIRED if _is_required(of("category"), of("description")) else OPTIONAL
        ports = tuple(int(port) for port in re.findall(r"[0-9]{1,5}", of("port")) if 0 < int(port) < 65536)
        for word in of("endpoint").split():
            host, path = _url(word)
            if host is None:
                unread.append(word)
            else:
                yield Published(host, path, of("description") or None, category, clouds, geo, ports, _systems(of, columns))


def _is_required(said: str, description: str) -> bool:
    """By its column; where a page lost the border before that column, by the last word of the description."""
    return said.lower().startswith("required") or (not said.lower().startswith("optional") and description.endswith("Required"))


def _url(word: str) -> tuple[str | None, str | None]:
    """Host and path of a word such as https://*.x.example/y/*; (None, None): it is no host."""
    bare = re.sub(r"^[a-z]+://", "", word.strip(",;\"'()"), flags=re.IGNORECASE)
    host, slash, path = re.split(r"[?#]", bare)[0].partition("/")
    name = dns_name(host.removeprefix("*."))
    if name is None or "." not in name or ":" in host:
        return None, None
    return ("*." if host.startswith("*.") else "") + name, None if path in ("", "*") else slash + path


def _systems(of: Callable[[str], str], columns: dict[str, int]) -> tuple[str, ...]:
    """Windows, macOS, Linux: from the column OS, else from the columns of each."""
    said = of("os").lower()
    if said:
        systems = [name for name in ("Windows", "macOS", "Linux") if name.lower()[:3] in said]
        return tuple(systems) or ("Windows", "macOS", "Linux")
    if {"windows", "macOS", "linux"} & set(columns):
        marked = {"Windows": of("windows"), "macOS": of("macOS"), "Linux": of("linux")}
        return tuple(name for name, cell in marked.items() if cell.lower().startswith("yes")) or ("Windows",)
    return ("Windows",)


def _day(page: TablesPage) -> date | None:
    """2026-07-03 of "2026-07-03T12:00:00Z" or "07/03/2026" (Microsoft's pages write the month first)."""
    said = page.day or ""
    found = re.match(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", said)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
        found = re.match(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", said)
        return date(int(found[3]), int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None
