"""One line on stderr for each cause, whatever it holds."""

from __future__ import annotations

import pytest

from analyzer.cli.outcome import causes, complain
from analyzer.errors import Unusable


def test_causes_of_an_error_that_carries_several() -> None:
    several = Unusable("two things")
    several.causes = (Unusable("one", "a"), Unusable("first\nsecond"))  # type: ignore[attr-defined]
    assert list(causes(several)) == ["a: one", "first", "second"]


def test_complaints_are_inert(capsys: pytest.CaptureFixture[str]) -> None:
    complain("a\x1bb", "c")
    assert capsys.readouterr().err == "whichproxy: a\\x1bb\nwhichproxy: c\n"
