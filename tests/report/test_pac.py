"""What PAC files return, as rows to be set."""

from __future__ import annotations

from analyzer.report.model import build
from analyzer.report.pac import pac_of
from tests.report.verdicts import fifth_test

ROW = fifth_test()["pac"][0]


def test_what_differs_stands_first_and_proxies_have_their_names() -> None:
    rows = [ROW | {"state": state, "host": f"{state}.example"} for state in ("not-asked", "as-configured", None, "differs")]
    report = build(fifth_test() | {"pac": rows})
    assert [row.state for row in report.pac] == ["differs", "", "as configured", "not asked"]
    assert report.pac[0].asked == "PROX03 (static)" and report.pac[0].who == "WORKSTATION (172.16.11.92)"


def test_why_there_is_no_answer_and_what_it_hangs_on_is_said() -> None:
    failed = ROW | {"returns": None, "error": "cut off", "client_ips": ["10.0.0.1", "10.0.0.2"]}
    hanging = ROW | {"unresolved": ["a.example", "b.example", "c.example"]}
    first, second = pac_of([failed, hanging], {}, {})
    assert (first.returns, first.who) == ("cut off", "2 sources")
    assert second.returns == "PROXY 172.16.12.11:3128; DIRECT (asks for a.example, b.example and 1 more, unknown here)"
