"""matplotlib's SVG as part of a page, with the page's colours and fonts and without inline style.

A page whose Content-Security-Policy allows no inline style drops `style` attributes, so each becomes equivalent presentation attributes
(SVG 2, 6.6). Our own colours become the page's custom properties, so that a picture follows light and dark mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree

from analyzer.report.plots import palette

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"

PAGE_COLOURS: Final[Mapping[str, str]] = {
    palette.INK: "var(--ink)",
    palette.FAINT: "var(--faint)",
    palette.RULE: "var(--rule)",
    palette.SHADE: "var(--shade)",
    palette.PAPER: "var(--paper)",
    palette.BAD: "var(--bad)",
    **{colour: f"var(--proxy-{number})" for number, colour in enumerate(palette.PROXIES)},
    **{colour: f"var(--plane-{plane})" for plane, colour in palette.PLANE_SHADES.items()},
}

AS_ATTRIBUTES: Final = frozenset(
    ("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "fill-opacity",
     "stroke-opacity", "opacity", "text-anchor", "font-size", "font-weight", "font-style")
)  # fmt: skip
"""Properties that become attributes; the page's style decides the others (fonts)."""

_FONT: Final = re.compile(r"(?:(?P<style>italic|oblique) )?(?:(?P<weight>bold|\d{3}) )?(?P<size>[\d.]+)px")


def inline_svg(svg: str, name: str) -> str:
    """The picture as an element of an HTML page.

    svg   from canvas.to_svg
    name  prefix of every id, so that several pictures fit into a page
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style") or (child.tag == f"{{{SVG}}}defs" and not len(child)):
                parent.remove(child)
    for element in root.iter():
        _without_style(element)
        _with_own_ids(element, name)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.set("stroke-linejoin", "round")
    root.set("class", "picture")
    title = root.find(f"{{{SVG}}}title")
    if title is not None:
        title.set("id", f"{name}-title")
        root.set("aria-labelledby", f"{name}-title")
    return ElementTree.tostring(root, encoding="unicode").replace("\n", " ")


def _without_style(element: ElementTree.Element) -> None:
    for attribute in ("fill", "stroke"):  # hatches use these attributes instead of a style
        if element.attrib.get(attribute) in PAGE_COLOURS:
            element.set(attribute, PAGE_COLOURS[element.attrib[attribute]])
    for rule in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in rule.partition(":"))
        if key == "font" and (font := _FONT.match(value)):
            for attribute, found in (("font-style", font["style"]), ("font-weight", font["weight"]), ("font-size", font["size"])):
                if found:
                    element.set(attribute, found)
        elif key in AS_ATTRIBUTES:
            element.set(key, PAGE_COLOURS.get(value, value.removesuffix("px") if key == "font-size" else value))


def _with_own_ids(element: ElementTree.Element, name: str) -> None:
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.attrib['id']}")
    reference = element.attrib.get(f"{{{XLINK}}}href", "")
    if reference.startswith("#"):
        del element.attrib[f"{{{XLINK}}}href"]
        element.set("href", f"#{name}-{reference[1:]}")
    for attribute in ("clip-path", "fill"):
        value = element.attrib.get(attribute, "")
        if value.startswith("url(#"):
            element.set(attribute, f"url(#{name}-{value[5:]}")
