"""The tables of a saved page: HTML, Markdown, a spreadsheet (.xlsx) or CSV, recognised by content."""

from __future__ import annotations

import csv
import html
import re
import zipfile
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree

from analyzer.errors import Unusable, unreadable
from analyzer.text.urls import check_local

MAX_BYTES: Final = 64 << 20
"""Microsoft's longest page is 0.2 MB; a sheet that unpacks to more than this is no list of hosts."""

_SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MARKDOWN_RULE: Final = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+\s*:?-*:?\s*\|?\s*")
_MARKDOWN_TABLE: Final = re.compile(r"^ *\|.*\|", re.MULTILINE)


class PageTable(NamedTuple):
    """A table of the page: the heading above it ("": none), its first row and the others; cells as text, their lines separated by
    newlines."""

    heading: str
    head: list[str]
    rows: list[list[str]]


class TablesPage(NamedTuple):
    """A page's title ("": none), its date as written there, and its tables."""

    title: str
    day: str | None
    tables: list[PageTable]


def read_page(path: str | Path) -> TablesPage:
    """The file's tables.

    Errors  Unusable: it can't be read, or contains no table
    """
    check_local(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise unreadable(
            error, f"can't be read ({error.strerror})", str(path), "give Microsoft's page, saved as HTML, Markdown or CSV"
        ) from error
    page = _of(content, str(path))
    if not any(table.rows for table in page.tables):
        raise Unusable("no table in it", str(path), "save the page that lists the URLs, as HTML, Markdown, a spreadsheet or CSV")
    return page


def _of(content: bytes, path: str) -> TablesPage:
    if content.startswith(b"PK\x03\x04"):
        try:
            return TablesPage("", None, _sheets(content))
        except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, ValueError, IndexError, NotImplementedError, RuntimeError) as error:
            raise Unusable("a spreadsheet that can't be read", path, "save it as CSV (UTF-8)") from error
    text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "replace")
    if re.search(r"<table\b", text, re.IGNORECASE):
        reader = _Html()
        reader.feed(text)
        reader.close()
        return TablesPage(reader.title.strip(), reader.day, reader.tables)
    if _MARKDOWN_TABLE.search(text):
        return _markdown(text)
    return TablesPage("", None, _csv(text))


class _Html(HTMLParser):
    """Collects headings and tables; a nested table, which no such page has, is read as rows of the outer one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.day = "", None
        self.tables: list[PageTable] = []
        self._heading: list[str] = []
        self._rows: list[list[str]] | None = None
        self._into: list[str] | None = None  # collects the text of a heading, a cell or the title
        self._ends: str = ""

    title: str
    day: str | None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name") == "ms.date":
            self.day = given.get("content")
        elif tag == "time" and self.day is None:
            self.day = given.get("datetime")
        elif tag == "table":
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            self._store()
            self._into, self._ends = [], "cell"
        elif tag in ("h1", "h2", "h3", "h4", "title"):
            self._into, self._ends = [], tag
        elif tag in ("br", "p", "li") and self._into is not None:
            self._into.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr") or tag == self._ends:
            self._store()
        if tag == "table" and self._rows is not None:
            self._store()
            self.tables += _tables("".join(self._heading), self._rows)
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def _store(self) -> None:
        if self._into is None:
            return
        said = "".join(self._into)
        if self._ends == "cell" and self._rows:
            self._rows[-1].append(_cell(said))
        elif self._ends == "title":
            self.title = self.title or _cell(said)
        elif self._ends != "cell":
            self._heading = [_cell(said)]
            self.title = _cell(said) if self._ends == "h1" else self.title
        self._into, self._ends = None, ""


def _markdown(text: str) -> TablesPage:
    """Pipe tables under # headings; front matter has the date and the title."""
    title, day, heading = "", None, ""
    found: list[PageTable] = []
    rows: list[list[str]] = []
    front = re.match(r"---\r?\n(.*?)\r?\n---\r?\n", text, re.DOTALL)
    if front:
        title = _matched(r"^title:\s*(.+)$", front[1]) or ""
        day = _matched(r"^ms\.date:\s*(.+)$", front[1])
    for line in [*text.splitlines(), ""]:
        if line.lstrip().startswith("|"):
            if not _MARKDOWN_RULE.fullmatch(line):
                cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
                rows.append([_cell(_marked(cell)) for cell in cells])
            continue
        found += _tables(heading, rows)
        rows = []
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
            title = title or heading
    return TablesPage(title.strip(), day, found)


def _matched(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else None


def _marked(cell: str) -> str:
    """A Markdown cell as text, without escapes, code marks, links and line breaks."""
    cell = re.sub(r"<br\s*/?>", "\n", cell, flags=re.IGNORECASE)
    cell = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell)
    return html.unescape(re.sub(r"\\([\\`*_{}\[\]()#+.!|-])", r"\1", cell.replace("`", "")))


def _csv(text: str) -> list[PageTable]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return _tables("", [[_cell(cell) for cell in row] for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter)])
    except csv.Error:
        return []


def _sheets(content: bytes) -> list[PageTable]:
    """A table for each sheet: rows of shared, inline and plain values (ECMA-376 part 1, 18.3)."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        if sum(item.file_size for item in book.infolist()) > MAX_BYTES:
            raise ValueError("too large")
        strings = []
        if "xl/sharedStrings.xml" in book.namelist():
            strings = [_said(item) for item in _root(book, "xl/sharedStrings.xml").iter(f"{_SHEET}si")]
        names = sorted(name for name in book.namelist() if re.fullmatch(r"xl/worksheets/sheet[0-9]+\.xml", name))
        found = []
        for name in names:
            rows = [_sheet_row(row, strings) for row in _root(book, name).iter(f"{_SHEET}row")]
            found += _tables("", rows)
    return found


def _root(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    content = book.read(name)
    if b"<!DOCTYPE" in content:  # a sheet has none, and entities can expand without limit
        raise ValueError("a document type")
    return ElementTree.fromstring(content)


def _sheet_row(row: ElementTree.Element, strings: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_SHEET}c"):
        at = _column(cell.get("r", "")) if cell.get("r") else len(cells)
        if at > 255:
            raise ValueError("more columns than a list of hosts has")
        cells += [""] * (at - len(cells))
        value = cell.find(f"{_SHEET}v")
        if cell.get("t") == "s" and value is not None:
            cells.append(_cell(strings[int(value.text or "0")]))
        else:
            cells.append(_cell(_said(cell) if value is None else value.text or ""))
    return cells


def _column(place: str) -> int:
    """0 for A7, 26 for AA7."""
    number = 0
    for letter in place.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _said(item: ElementTree.Element) -> str:
    return "".join(piece.text or "" for piece in item.iter(f"{_SHEET}t"))


def _cell(text: str) -> str:
    """The text's lines, stripped, without empty ones."""
    return "\n".join(line for line in (" ".join(line.split()) for line in text.replace("\r", "\n").split("\n")) if line)


def _tables(heading: str, rows: list[list[str]]) -> list[PageTable]:
    """The rows as a table, if there is a head and at least one more row."""
    filled = [row for row in rows if any(row)]
    return [PageTable(heading, filled[0], filled[1:])] if len(filled) > 1 else []
