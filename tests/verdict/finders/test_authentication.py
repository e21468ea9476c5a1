"""The clients that are let in and those that aren't, in the finding on 407."""

from typing import Any

import pytest

from analyzer.verdict.finders.authentication import scheme_name
from tests.verdict.rows import CNC, EDGE, PROX03, START_NS, asked, request, verdict


def told(*rows: dict[str, Any]) -> str:
    (finding,) = [finding for finding in verdict(*rows)["findings"] if finding["code"] == "proxy-auth-required"]
    text: str = finding["text"]
    return text


def refused(**fields: Any) -> dict[str, Any]:
    return asked(PROX03, request("connect", CNC, 407, first_seen=START_NS, challenge=["negotiate", "ntlm"], **fields))


def test_the_machine_account_offers_nothing_and_the_user_is_let_in() -> None:
    user = asked(PROX03, request("connect", EDGE, 200, first_seen=START_NS, offered="ntlm"), tunnel_out=9, tunnel_in=9)
    text = told(refused(), refused(), user)
    assert text.endswith("; it asks for Negotiate and NTLM; no credentials were offered; it let in 1 user (NTLM) request")


def test_what_was_offered_and_refused() -> None:
    assert told(refused(offered="basic"), refused()).endswith("; 1 times none were offered; Basic was offered and refused 1 time")


@pytest.mark.parametrize(("scheme", "name"), [("ntlm", "NTLM"), ("digest", "Digest"), ("bearer", "bearer")])
def test_schemes_are_written_as_their_standards_do(scheme: str, name: str) -> None:
    assert scheme_name(scheme) == name
