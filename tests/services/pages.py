"""Pages of the form of Microsoft's, in each form that they can be saved in."""

from __future__ import annotations

import csv
import html
import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from analyzer.services.catalogue import Catalogue

HEAD = ("Service", "Geography", "Category", "Port", "Endpoint/URL", "Endpoint/URL Description", "Required or Optional",
        "Windows 10, 11; Server 2022, 2019", "Windows 7, 8.1", "Mac", "Linux", "Comments")  # fmt: skip
TITLE = "Microsoft Defender for Endpoint standard connectivity URLs - commercial"


def row(
    endpoint: str,
    category: str = "Required",
    geo: str = "WW",
    port: str = "443",
    description: str = "Cloud protection",
    systems: tuple[str, str, str] = ("Yes", "", ""),
) -> list[str]:
    windows, mac, linux = systems
    return ["Microsoft Defender for Endpoint", geo, "Common", port, endpoint, description, category, windows, "", mac, linux, ""]


def of_catalogue(catalogue: Catalogue, model: str = "standard", cloud: str = "commercial") -> list[list[str]]:
    """The rows that the page would have if it said what the catalogue says."""
    found = []
    for rule in catalogue.rules:
        if model in rule.connectivity_model and cloud in rule.cloud and rule.category in ("required", "optional"):
            endpoint = rule.pattern + (rule.url_path or "" if rule.evidence == "path" else "")
            found.append(row(endpoint, rule.category.title(), rule.geo, ", ".join(map(str, rule.port)), rule.published_name or ""))
    return found


def markdown(rows: Iterable[Sequence[str]], title: str = TITLE, head: Sequence[str] = HEAD, day: str = "07/03/2026") -> str:
    lines = ["---", f"title: {title} ", f"ms.date: {day}", "---", "", f"# {title}", "", "## Microsoft Defender URLs", ""]
    lines += [f"|{'|'.join(cell.replace('*', chr(92) + '*', 1) for cell in cells)}|" for cells in (head, ["-"] * len(head), *rows)]
    return "\n".join([*lines, "", "Text below it.", ""])


def page(rows: Iterable[Sequence[str]], title: str = TITLE, head: Sequence[str] = HEAD) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{kind}>\n{html.escape(cell).replace(' *', '<br/>*')}</{kind}>" for cell in row) + "</tr>\n"

    body = cells("th", head) + "".join(cells("td", row) for row in rows)
    return (
        f'<!DOCTYPE html><html><head><meta name="ms.date" content="07/03/2026"><title>{title} | Microsoft Learn</title></head>'
        f"<body><h1>{title}</h1><p>1 &lt; 2</p><h2>Microsoft Defender URLs</h2><table>{body}</table><p>After</p></body></html>"
    )


def comma_separated(rows: Iterable[Sequence[str]], head: Sequence[str] = HEAD, delimiter: str = ",") -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter).writerows([head, *rows])
    return sink.getvalue()


def spreadsheet(path: Path, rows: Iterable[Sequence[str]], head: Sequence[str] = HEAD) -> Path:
    """An .xlsx as a spreadsheet program writes it: texts in a table of their own, empty cells left out, numbers as numbers."""
    strings: list[str] = []
    written = []
    for number, cells in enumerate([head, *rows], 1):
        made = []
        for at, cell in enumerate(cells):
            place = f"{chr(ord('A') + at)}{number}"
            if cell.isdigit():
                made.append(f'<c r="{place}"><v>{cell}</v></c>')
            elif cell:
                made.append(f'<c r="{place}" t="s"><v>{len(strings)}</v></c>')
                strings.append(cell)
        written.append(f'<row r="{number}">{"".join(made)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts = "".join(f"<si><t>{html.escape(text)}</t></si>" for text in strings)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", f"<workbook {space}/>")
        book.writestr("xl/sharedStrings.xml", f"<sst {space}>{texts}</sst>")
        book.writestr("xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{''.join(written)}</sheetData></worksheet>")
    return path
