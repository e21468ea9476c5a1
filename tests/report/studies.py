"""Study documents for the outputs to set: the article's, and one whose every string is hostile."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from analyzer.studies.file import load_plan
from analyzer.studies.run import run_study
from tests.report.verdicts import HOSTILE, PROXIES, hostile, judged, part, plane
from tests.studies.laboratory import CAPTURES, CATALOGUE


@cache
def _article() -> dict[str, Any]:
    return dict(run_study(load_plan(CAPTURES / "study.toml", CATALOGUE), CATALOGUE).document)


def article() -> dict[str, Any]:
    """The article's study on the laboratory's captures."""
    return deepcopy(_article())


def hostile_study() -> dict[str, Any]:
    """A study that a stranger had a hand in: every text is HOSTILE but those that are ours by their nature."""
    document = article()
    document["title"] = document["conclusion"] = HOSTILE
    test = document["tests"][3]
    test |= {"title": HOSTILE, "captures": [HOSTILE], "conclusion": HOSTILE, "verdict": hostile()}
    test["verdict"]["sources"][0]["planes"] = [plane("sensor", judged(None, [part(next(iter(PROXIES)), 0, 3)], reason=HOSTILE))]
    test["marks"] = [{"at": "2024-05-01T12:00:00.000000000Z", "what": HOSTILE}]
    test["live_response"]["reason"] = HOSTILE
    for key in ("silence", "backlog", "precedence", "expectations"):
        for entry in test[key]:
            entry["text"] = HOSTILE
    for stretch in test["timeline"]:
        stretch |= {"service": HOSTILE, "name": HOSTILE}
    document["tests"] = [test]
    return document
