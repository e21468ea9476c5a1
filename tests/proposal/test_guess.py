"""What may be a proxy's method: who asks it for what."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.proposal.guess import guesses

P, Q, R = "10.0.0.1:3128", "10.0.0.2:3128", "10.0.0.3:3128"


def source(past: bool = False, **asked: str) -> dict[str, Any]:
    """A source with the proxies asked for each plane; past: what is the system's goes past them."""
    planes = [{"plane": plane, "asked": proxy, "outcome": "works"} for plane, proxy in asked.items()]
    planes += [{"plane": "system", "asked": None, "outcome": "blocked"}] * past
    return {"planes": planes, "services": []}


@pytest.mark.parametrize(
    ("asked", "methods"),
    [
        ({"system": P}, [("winhttp", None)]),
        ({"user": P}, [("wininet", None)]),
        ({"sensor": P, "system": P}, [("winhttp", None)]),
        ({"sensor": P, "user": P}, [("wininet", None)]),
        ({"system": P, "user": P}, [("winhttp", None), ("wininet", None)]),
        ({"sensor": P, "antivirus": P, "system": Q, "user": R}, [("static", None)]),
        ({"sensor": P, "past": True}, [("static", None)]),
        ({"sensor": P}, [("winhttp", "static")]),
        ({"antivirus": P, "user": Q}, [("winhttp", "static")]),
        ({"system": Q}, []),
        ({}, []),
    ],
)
def test_who_asks_it_for_what(asked: Any, methods: list[tuple[str, str | None]]) -> None:
    assert [(guess.method, guess.instead) for guess in guesses(P, [source(**asked)])] == methods


def test_sources_are_counted_and_what_is_sure_of_one_settles_it_for_the_others() -> None:
    found = guesses(P, [source(sensor=P), source(sensor=P, system=Q), source(sensor=P, system=Q), source(user=P)])
    assert [(guess.method, sum(guess.because.values())) for guess in found] == [("static", 2), ("wininet", 1)]


def test_a_pac_file_names_it() -> None:
    assert [guess.method for guess in guesses(P, [source(user=P)], pac_files=1)] == ["wininet", "pac"]
