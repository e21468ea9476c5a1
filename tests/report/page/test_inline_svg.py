"""Pictures as part of a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from analyzer.report.page.inline_svg import PAGE_COLOURS, inline_svg
from analyzer.report.plots.canvas import to_svg
from analyzer.report.plots.pictures import Pictures
from tests.report import scenes


@pytest.mark.parametrize("name", ["timeline", "services", "proxies", "precedence"])
@pytest.mark.parametrize("scene", ["article", "crowd", "hostile"])
def test_it_needs_no_style_and_uses_the_pages_colours(name: str, scene: str) -> None:
    made = inline_svg(to_svg(getattr(Pictures(getattr(scenes, scene)()), name)()), "a")
    assert "style" not in made and "xlink" not in made and "<metadata" not in made
    assert not set(re.findall(r"#[0-9a-f]{6}\b", made)), "a colour that would not follow light and dark"
    root = ElementTree.fromstring(made)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) and all(name.startswith("a-") for name in ids)
    for element in root.iter():
        for target in re.findall(r"url\(#(.+?)\)", " ".join(element.attrib.values())) + re.findall(r"^#(.+)", element.get("href", "")):
            assert target in ids
    assert root.get("aria-labelledby") == "a-title" and "width" not in root.attrib


def test_fonts_keep_size_and_weight() -> None:
    style = "font: bold 9px 'DejaVu Sans'; text-anchor: end; fill: #1d1f22"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><text style="{style}">x</text></svg>'
    text = ElementTree.fromstring(inline_svg(svg, "a"))[0]
    assert text.attrib == {"font-weight": "bold", "font-size": "9", "text-anchor": "end", "fill": PAGE_COLOURS["#1d1f22"]}
