"""The tables of a saved page come out the same, in whatever form it was saved."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.page_tables import read_page
from tests.services.pages import HEAD, TITLE, comma_separated, markdown, page, row, spreadsheet

ROWS = [row("*.a.example", port="80"), row("b.example *.c.example", "Optional", "EU", description='One & <two>, "three"')]


def forms(folder: Path) -> dict[str, Path]:
    made = {name: folder / f"page.{name}" for name in ("md", "html", "csv", "tsv")}
    made["md"].write_text(markdown(ROWS), encoding="utf-8")
    made["html"].write_text(page(ROWS), encoding="utf-8")
    made["csv"].write_text(comma_separated(ROWS), encoding="utf-8-sig")
    made["tsv"].write_text(comma_separated(ROWS, delimiter="\t"), encoding="utf-16")
    made["xlsx"] = spreadsheet(folder / "page.xlsx", ROWS)
    return made


def test_every_form_gives_the_same_cells(tmp_path: Path) -> None:
    for name, path in forms(tmp_path).items():
        (table,) = read_page(path).tables
        assert table.head == list(HEAD), name
        cells = [[" ".join(cell.split()) for cell in each] for each in table.rows]
        assert [each + [""] * (len(HEAD) - len(each)) for each in cells] == ROWS, name


@pytest.mark.parametrize("name", ["md", "html"])
def test_a_page_says_its_title_its_day_and_the_heading_of_a_table(tmp_path: Path, name: str) -> None:
    read = read_page(forms(tmp_path)[name])
    assert (read.title, read.day, read.tables[0].heading) == (TITLE, "07/03/2026", "Microsoft Defender URLs")


def test_marks_of_a_markdown_cell_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("|URL|Port|\n|:--|--:|\n|`a.example`<br>\\*.b.example|[443](x)|\n|c\\|d&amp;e|80|\n", encoding="utf-8")
    assert read_page(path).tables[0].rows == [["a.example\n*.b.example", "443"], ["c|d&e", "80"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no table in it; save the page"),
        (b"only text\n", "no table in it; save the page"),
        (b"<table></table>", "no table in it; save the page"),
        (b"PK\x03\x04 cut off", "a spreadsheet that can't be read; save it as CSV (UTF-8)"),
    ],
)
def test_what_holds_no_table_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "page"
    path.write_bytes(content)
    with pytest.raises(Unusable) as refused:
        read_page(path)
    assert str(refused.value).startswith(f"{path}: {said}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"can't be read \(No such file or directory\)"):
        read_page(tmp_path / "page.html")


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>',
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><row><c r="ZZZZZ1"><v>1</v></c></row></worksheet>',
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><row><c r="A1" t="s"><v>7</v></c></row></worksheet>',
        "<worksheet>",
    ],
    ids=["entities", "far column", "no such text", "cut"],
)
def test_a_hostile_spreadsheet_is_refused(tmp_path: Path, sheet: str) -> None:
    path = tmp_path / "page.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(Unusable, match="a spreadsheet that can't be read"):
        read_page(path)
