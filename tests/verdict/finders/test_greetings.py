"""SOCKS connections that came to no request."""

from typing import Any

import pytest

from tests.verdict.rows import CNC, PROX01, asked, flow, request, verdict

GREETED: dict[str, Any] = {"server_ip": "172.16.12.10", "server_port": 3128, "server_first": "socks", "ended_by": "server"}


def said(*rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    findings = verdict(*rows)["findings"]
    return [(one["severity"], one["confidence"], one["text"]) for one in findings if one["code"] == "proxy-auth-required"]


def test_a_name_and_password_that_were_refused() -> None:
    ((severity, confidence, text),) = said(flow(**GREETED, bytes_out=15, bytes_in=4), flow(**GREETED, bytes_out=15, bytes_in=4))
    assert (severity, confidence) == ("warning", "likely")
    assert text == (
        "PROX01 let 2 SOCKS connections of WORKSTATION come to no request: 2 times a name and password were sent and the connection ended; "
        "what was to be asked for isn't known"
    )


def test_no_method_that_the_server_takes() -> None:
    ((_, confidence, text),) = said(flow(**GREETED, bytes_out=3, bytes_in=2))
    assert confidence == "unclear" and "1 time it ended behind the server's choice of a method" in text


@pytest.mark.parametrize(
    "row",
    [
        flow(**GREETED | {"ended_by": None, "state": "open"}, bytes_out=15, bytes_in=4),  # it may still ask
        flow(**GREETED, bytes_out=15, bytes_in=4, acked_in=20),  # more was said than captured
        flow(**GREETED, bytes_out=15, bytes_in=4, acked_out=40),
        flow(**GREETED, bytes_out=15, bytes_in=4, isn_out=None, isn_in=None, state="mid-stream"),
        asked(PROX01, request("socks5", CNC, 0), bytes_out=40, bytes_in=4, server_first="socks"),
        flow(**GREETED | {"server_first": "http"}, bytes_out=15, bytes_in=4),
    ],
)
def test_what_was_or_may_have_been_asked_for_is_none(row: dict[str, Any]) -> None:
    assert said(row) == []
