"""What an answer mentions beside its planes, per source and for a group."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.verdict.groups import AnswerFacts, Member, groups_of
from analyzer.verdict.headline import NOT_ALL_READ, NOTHING, headline
from analyzer.verdict.remarks import Remark
from tests.verdict.rows import CNC, PROX01, flow, tunnel, verdict

DEAD: dict[str, Any] = {"server_ip": "172.16.12.11", "server_port": 3128}


def answers(*rows: dict[str, Any]) -> list[str]:
    return [group["answer"] for group in verdict(*rows)["groups"]]


def test_proxies_without_a_connection_come_after_the_planes() -> None:
    refused = flow(**DEAD, state="refused", bytes_out=0, bytes_in=0)
    assert answers(tunnel(PROX01, CNC), refused) == [
        "PROX01 (WinHTTP) won for sensor; PROX02 (WinINET) is tried, and no connection comes about"
    ]


def test_a_group_has_the_remarks_of_all_its_members_once() -> None:
    facts = [
        AnswerFacts({}, (Remark("unreached", "B"), Remark("unread"))),
        AnswerFacts({}, (Remark("unreached", "A"), Remark("unreached", "B"))),
    ]
    (group,) = groups_of([Member(f"10.0.0.{i}", "not-seen", {}, {}, one) for i, one in enumerate(facts)])
    assert group["answer"] == f"{NOTHING['not-seen']}{NOT_ALL_READ}; A and B are tried, and no connection comes about"


@pytest.mark.parametrize("about", ["unreached", "unread", "look-alike"])
def test_each_shows_in_the_answer_of_a_source_without_planes(about: Any) -> None:
    assert headline("not-seen", {}, (Remark(about, "X"),)) != headline("not-seen", {})
