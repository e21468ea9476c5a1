from typing import Any

import pytest

from tests.verdict.rows import PROX01, asked, flow, tunnel, verdict


def told(code: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == code]


def test_mid_stream_per_source_and_proxy() -> None:
    late = [asked(PROX01, state="mid-stream"), asked(PROX01, state="mid-stream"), flow(state="mid-stream", host="a.example")]
    found = told("mid-stream", tunnel(PROX01, "a.example"), *late)
    assert [finding["text"] for finding in found] == [
        "1 conversation of WORKSTATION to servers that aren't known as proxies began before the capture; 0 without a name",
        "2 conversations of WORKSTATION to PROX01 began before the capture; 2 without a name",
    ]


@pytest.mark.parametrize(
    ("rows", "text", "severity"),
    [
        ([flow(packets_in=0)], "1 of 1 TCP conversation was captured in one direction only (1 from the client)", "warning"),
        ([flow(packets_out=0), flow(), flow()], "1 of 3 TCP conversations was captured in one direction only (1 from the server)", "info"),
        (
            [flow(packets_in=0), flow(packets_out=0), flow()],
            "2 of 3 TCP conversations were captured in one direction only (1 from the client, 1 from the server)",
            "warning",
        ),
    ],
)
def test_one_direction_only(rows: list[dict[str, Any]], text: str, severity: str) -> None:
    (finding,) = told("one-direction-only", *rows)
    assert (finding["text"], finding["severity"]) == (text, severity)


def test_unanswered_attempts_are_whole_as_they_are() -> None:
    rows = [flow(packets_in=0, state="no-answer"), flow(packets_in=0, protocol="udp"), flow(packets_in=1, state="refused")]
    assert told("one-direction-only", *rows) == []
