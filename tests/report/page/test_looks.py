"""How the page looks at the widths people have: nothing overlaps, is cut or broken, and every word can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.browser import MISSING, WHY, Browser

pytestmark = pytest.mark.skipif(bool(MISSING), reason=WHY)


WORDS_OVER_WORDS = """
const over = [];
for (const row of document.querySelectorAll("main tr")) {
  const boxes = [];
  for (const cell of row.cells) {
    const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange();
    while (words.nextNode()) {
      if (words.currentNode.parentElement.closest(".unseen")) continue;
      range.selectNodeContents(words.currentNode);
      for (const r of range.getClientRects()) if (r.width > 1 && r.height > 4) boxes.push([r.left, r.top, r.right, r.bottom, cell]);
    }
  }
  for (const a of boxes) for (const b of boxes)
    if (a[4] !== b[4] && a[0] < b[2] - 1 && b[0] < a[2] - 1 && a[1] < b[3] - 2 && b[1] < a[3] - 2)
      over.push(a[4].textContent.trim().slice(0, 30) + " | " + b[4].textContent.trim().slice(0, 30));
}
return over.slice(0, 5);
"""
LOOKED_AT = ("article", "legs", "ipv4", "ipv6", "site", "refused")
BROKEN_WORDS = """
const broken = [], range = document.createRange();
for (const cell of document.querySelectorAll("main td, main th, .grid td")) {
  if (getComputedStyle(cell.closest("thead") ?? cell).position === "absolute") continue; // there for who hears the page
  const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode;
    if (node.parentElement.closest("code, .unseen, .digest, .flow, .id")) continue;
    for (const word of node.textContent.matchAll(/[\\p{L}\\d:]+/gu)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((rect) => Math.round(rect.top / 4))).size > 1) broken.push(word[0]);
    }
  }
}
return broken.slice(0, 5);
"""
EMPTY_COLUMNS = """
return [...document.querySelectorAll("main table")].flatMap((table) => [...table.tHead.rows].at(-1).cells.length === 0 ? [] :
  [...table.tHead.rows[0].cells].filter((head, at) => [...table.tBodies[0].rows].every((row) => row.cells[at]?.textContent.trim() === ""))
    .map((head) => head.textContent));
"""
CUT = """
return [...document.querySelectorAll(".scroll")].filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.getAttribute("aria-label"));
"""
PICTURES = """
return [...document.querySelectorAll("svg")].filter((svg) => svg.checkVisibility()).map((svg) => {
  const size = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect().height);
  return [svg.getBoundingClientRect().right, Math.min(...size)];
})
"""


@pytest.mark.parametrize("name", ["article", "crowd", "hostile", "study", "legs", "ipv4", "ipv6", "site", "fleet", "refused"])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_cut_or_broken_or_lies_over_another(name: str, width: int, browser: Browser, pages: Path) -> None:
    """A page is opened once at each width for all checks."""
    browser.open(pages / f"{name}.html", width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width, "it never scrolls sideways"
    if width != 768 and name in LOOKED_AT:
        assert (browser.run(CUT), browser.run(BROKEN_WORDS), browser.run(EMPTY_COLUMNS)) == ([], [], [])
    if width != 768 and name in (*LOOKED_AT, "crowd"):
        assert browser.run(WORDS_OVER_WORDS) == []
    if width == 390 and name in (*LOOKED_AT, "study"):
        seen = browser.run(PICTURES)
        assert seen and all(right <= 390 and smallest >= 8 for right, smallest in seen)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_can_be_read_on_their_ground(dark: bool, browser: Browser, pages: Path) -> None:
    """WCAG 2.2, 1.4.3: 4.5:1, of every text in the page."""
    browser.open(pages / "article.html", dark=dark)
    poor = browser.run(
        """
        const number = (text) => text.match(/[\\d.]+/g).map(Number);
        const light = (c) => c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
          .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
        const own = (e) => number(getComputedStyle(e).backgroundColor);
        const ground = (e) => (!e ? [255, 255, 255] : own(e).length < 4 || own(e)[3] > 0 ? own(e) : ground(e.parentElement));
        const poor = [];
        for (const element of document.querySelectorAll("body *")) {
          if (element.closest("svg, script, noscript") || element.matches(".none, [disabled]")) continue;
          if (![...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
          const [a, b] = [light(number(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
          if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(element.className + ": " + element.textContent.slice(0, 40));
        }
        return poor;
        """
    )
    assert poor == []
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == ("rgb(21, 24, 27)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("media", ["screen", "print"])
def test_a_colour_stands_beside_what_it_is_of(media: str, browser: Browser, pages: Path) -> None:
    browser.open(pages / "site.html", width=1280)
    browser.command("Emulation.setEmulatedMedia", media=media)
    off = browser.run(
        """
        const middle = (rect) => (rect.top + rect.bottom) / 2;
        return [...document.querySelectorAll(".answers-table .swatch")].map((dot) => {
          const words = document.createRange();
          words.selectNodeContents(dot.nextElementSibling);
          return Math.abs(middle(dot.getBoundingClientRect()) - middle(words.getClientRects()[0]));
        });
        """
    )
    browser.command("Emulation.setEmulatedMedia", media="")
    assert off and max(off) < 3
