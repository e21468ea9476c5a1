"""The README's table has every verb, and none that there isn't."""

from __future__ import annotations

import re

from docs.build import verbs
from tests.conftest import ROOT


def test_the_readme_names_every_verb() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| verb | what it does |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row]
    named = {words for cell in cells for words in re.findall(r"`(?:whichproxy )?([a-z ]+)`", cell)}
    last = {words[-1] for words in verbs()}
    assert {name.split()[-1] for name in named} == {word.split()[-1] for word in last}
