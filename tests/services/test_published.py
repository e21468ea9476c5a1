"""What the rows of Microsoft's pages mean: hosts, paths, clouds, ports, systems; standard or streamlined."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.published import GOVERNMENT, Published, PublishedList, read_published
from tests.services.pages import HEAD, comma_separated, markdown, row


def read(folder: Path, text: str, name: str = "standard-urls.md", model: str | None = None) -> PublishedList:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_published(path, model)


def test_a_row_for_each_host(tmp_path: Path) -> None:
    rows = [row("*.A.example https://b.example/x/*", "Optional", "EU", "443, 80"), row("C.example", systems=("", "Yes", "Yes"))]
    found = read(tmp_path, markdown(rows))
    said = ("Cloud protection", "optional", ("commercial",), "EU", (443, 80), ("Windows",))
    assert found.rows == [
        Published("*.a.example", None, *said),
        Published("b.example", "/x/*", *said),
        Published("c.example", None, "Cloud protection", "required", ("commercial",), "WW", (443,), ("macOS", "Linux")),
    ]
    assert (found.day, found.connectivity_model, found.cloud, found.unread) == (date(2026, 7, 3), "standard", ("commercial",), [])


@pytest.mark.parametrize(
    ("geo", "clouds"), [("US Gov", GOVERNMENT), ("GCC", ("GCC",)), ("GCC High", ("GCCH",)), ("DoD", ("DoD",)), ("WW", GOVERNMENT)]
)
def test_government_lists_say_the_cloud_as_geography(tmp_path: Path, geo: str, clouds: tuple[str, ...]) -> None:
    found = read(tmp_path, markdown([row("a.example", geo=geo)], title="standard connectivity URLs - US government"))
    assert [(each.cloud, each.geo) for each in found.rows] == [(clouds, "WW" if geo == "WW" else "USGov")]
    assert found.cloud == GOVERNMENT


def test_the_streamlined_pages_form(tmp_path: Path) -> None:
    head = ("Service", "Port", "Endpoint/URLs", "Endpoint/URL Description", "Type", "Comments", "OS")
    rows = [
        ["Validation", "80", "www.a.example/pki/*", "Used when", "Required", "Optional if", "Windows"],
        ["", "", "b.example", "Lists", "Required", "", ""],  # goes on: port and system as above
        ["Updates", "443", "c.example", "Updates", "Optional", "", "All"],
    ]
    found = read(tmp_path, markdown(rows, "Streamlined connectivity URLs", head), "page.md")
    assert found.connectivity_model == "streamlined"
    assert [(each.pattern, each.category, each.port, each.os) for each in found.rows] == [
        ("www.a.example", "required", (80,), ("Windows",)),
        ("b.example", "required", (80,), ("Windows",)),
        ("c.example", "optional", (443,), ("Windows", "macOS", "Linux")),
    ]


def test_portals_and_old_versions_of_windows_are_other_lists(tmp_path: Path) -> None:
    text = markdown([row("a.example")]) + (
        "\n## Windows 1607 to 1803\n\n|Endpoint/URL|Port|\n|-|-|\n|old.example|443|\n"
        "\n## Security center URLs\n\n|Service|Geography|URL|Comment|\n|-|-|-|-|\n|X|WW|https://*.portal.example|Y|\n|X|WW|a.example|Y|\n"
        "\n## Tags\n\n|Service Tag Name|Comments|\n|-|-|\n|b.example|c.example|\n"
    )
    assert [(each.pattern, each.category, each.port) for each in read(tmp_path, text).rows] == [
        ("a.example", "required", (443,)),
        ("*.portal.example", "portal", ()),
    ]


def test_a_lost_border_before_required(tmp_path: Path) -> None:
    found = read(tmp_path, markdown([row("a.example", "Yes", description="AutoIR Sample Storage Required")]))
    assert [each.category for each in found.rows] == ["required"]


def test_what_is_no_host_is_kept_apart(tmp_path: Path) -> None:
    found = read(tmp_path, comma_separated([row("a.example 10.0.0.1 \x1b[31m x:y.z *.*.b.example localhost")]), "standard.csv")
    assert [each.pattern for each in found.rows] == ["a.example"]
    assert found.unread == ["10.0.0.1", "\x1b[31m", "x:y.z", "*.*.b.example", "localhost"]


def test_the_path_of_a_url_ends_before_its_query_and_a_bare_slash_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, comma_separated([row("a.example/x?y=1 b.example/?z c.example/* d.example/#e")]), "standard.csv")
    assert [(each.pattern, each.path) for each in found.rows] == [
        ("a.example", "/x"), ("b.example", None), ("c.example", None), ("d.example", None)
    ]  # fmt: skip


def test_the_model_has_to_be_told_where_nothing_says_it(tmp_path: Path) -> None:
    text = comma_separated([row("a.example")])
    with pytest.raises(Unusable, match="neither its title nor its name says which list it is; add --model standard"):
        read(tmp_path, text, "urls.csv")
    assert read(tmp_path, text, "urls.csv", "streamlined").connectivity_model == "streamlined"


def test_a_table_of_other_things_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no table in it lists URLs"):
        read(tmp_path, comma_separated([["a.example", "b"]], ("Name", "Comment")), "standard.csv")
    assert "Endpoint/URL" in HEAD


@pytest.mark.parametrize(("said", "day"), [("2026-07-03T10:00:00Z", date(2026, 7, 3)), ("13/13/2026", None), ("soon", None)])
def test_the_day_as_pages_write_it(tmp_path: Path, said: str, day: date | None) -> None:
    assert read(tmp_path, markdown([row("a.example")], day=said)).day == day
