"""The connectivity text: real samples, the literals of the program, and unknown words."""

from __future__ import annotations

import pytest

from analyzer.client_analyzer.connectivity import MDATP_TEST, MOST_URLS, lines_of, outcome_of, read_connectivity
from tests.client_analyzer.samples import ARTICLE, DOCUMENTED, MDATP, NO_PROXY


def test_the_articles_sample() -> None:
    found = read_connectivity(ARTICLE)
    assert (found.method, found.address) == ("NamedWinHttp", "172.16.12.10:3128")
    (url,) = found.urls
    assert url.url == "https://winatp-gw-weu.microsoft.com/commands/test" and url.pinned is None and url.reachable
    assert [(line.number, line.name, line.result, line.code) for line in url.tried] == [
        ("1", "Default proxy", "succeeded", 200),
        ("2", "Proxy auto discovery (WPAD)", "succeeded", 200),
        ("3", "Proxy disabled", "failed", 12002),
        ("4", "Named proxy", "absent", None),
        ("5", "Command line proxy", "absent", None),
    ]


def test_microsofts_sample_and_a_machine_without_a_proxy() -> None:
    assert [line.result for line in read_connectivity(DOCUMENTED).urls[0].tried] == ["succeeded"] * 3 + ["absent"] * 2
    found = read_connectivity(NO_PROXY)
    assert (found.method, found.address, found.urls) == ("Direct", None, [])


@pytest.mark.parametrize(
    ("line", "number", "name", "proxy", "result", "code"),
    [
        ("4 - Named proxy (10.0.0.6:8080): Succeeded (200)", "4", "Named proxy", "10.0.0.6:8080", "succeeded", 200),
        (" 4.1 - Named proxy ([2001:db8::1]:8080): Failed (407: x)", "4.1", "Named proxy", "[2001:db8::1]:8080", "failed", 407),
        ("5 - Command-line proxy ( host:1 ): Doesn’t exist", "5", "Command-line proxy", "host:1", "absent", None),
        (
            "3 - Proxy disabled: Failed (12002: WinHttpSendRequest: 12002: Timeout dell'operazione (x))",
            "3",
            "Proxy disabled",
            None,
            "failed",
            12002,
        ),
        ("1 - Default proxy: Unexpected exception was thrown", "1", "Default proxy", None, "failed", None),
        ("4 - Named proxy: The proxy isn't in valid format", "4", "Named proxy", None, "unknown", None),
        ("1 - Default proxy: Erfolgreich (200)", "1", "Default proxy", None, "unknown", 200),
        ("6 - Smoke signals: Succeeded (200)", "6", "Smoke signals", None, "succeeded", 200),
        ("1 - Default proxy: Failed (-2147012867)", "1", "Default proxy", None, "failed", -2147012867),
    ],
)
def test_every_form_of_a_line_and_unknown_words_are_kept(
    line: str, number: str, name: str, proxy: str | None, result: str, code: int | None
) -> None:
    (tried,) = read_connectivity(f"Testing URL: https://a.example\tNoPinning\n{line}\n").urls[0].tried
    assert (tried.number, tried.name, tried.proxy, tried.result, tried.code) == (number, name, proxy, result, code)
    assert tried.text and tried.text in line


def test_a_line_that_no_rule_reads_is_kept_as_it_stands() -> None:
    assert read_connectivity("Testing URL : u\n7 - no colon here\n").unknown == ["7 - no colon here"]


@pytest.mark.parametrize(
    "line",
    [
        "Testing connection with https://x.cp.wd.microsoft.com/api/report",
        "Testing connection to https://x.cp.wd.microsoft.com ... [OK]",
        "Testing URL = https://a.example",
        "Proxy config: unreadable",
        "1 - Default proxy: Succeeded (200)",
    ],
)
def test_what_begins_like_its_own_and_cant_be_read_is_kept_wherever_it_stands(line: str) -> None:
    assert read_connectivity(f"before\n  {line}\nafter\n").unknown == [line]


def test_of_a_line_that_is_too_long_the_beginning_is_kept() -> None:
    (kept,) = read_connectivity("Testing URL : https://a.example/" + "a" * 5000 + "\n" + "b" * 5000).unknown
    assert kept.startswith("Testing URL : https://a.example/aa") and len(kept) == 201


@pytest.mark.parametrize(
    ("below", "code", "said"),
    [
        ("Expected a 200 Response from Proxy, received: 407", 407, "Error: Expected a 200 Response from Proxy, received: 407"),
        ("    Expected a 200 response from proxy, received: 503", 503, "Error: Expected a 200 response from proxy, received: 503"),
        ("curl error 60", None, "Error: curl error 60"),
        ("Testing connection with https://b.example/ping ... [OK]", None, "Error"),
        ("Something else", None, "Error"),
        ("", None, "Error"),
    ],
)
def test_a_failed_line_of_mdatps_has_its_reason_from_the_line_below(below: str, code: int | None, said: str) -> None:
    found = read_connectivity(f"Testing connection with https://a.example/test... [Error]\n{below}\n")
    (line,) = found.urls[0].tried
    assert (found.urls[0].url, found.urls[0].reachable) == ("https://a.example/test", False)
    assert (line.result, line.code, line.text) == ("failed", code, said) and found.unknown == []
    assert len(found.urls) == (2 if "b.example" in below else 1)


def test_an_outcome_on_the_next_line_is_its_own_and_a_url_is_not() -> None:
    first, second = read_connectivity("Testing URL : u\n1 - Default proxy: \nSucceeded (200)\n2 - Default proxy:\nTesting URL : v\n").urls
    assert [(line.number, line.result) for line in first.tried] == [("1", "succeeded"), ("2", "unknown")]
    assert second.url == "v"


@pytest.mark.parametrize(
    ("text", "reachable"),
    [
        ("Succeeded (200)", True),
        ("Failed (400: x)", True),
        ("Failed (404)", True),
        ("Succeeded (405)", True),
        ("Failed (405)", False),
        ("Ok (200)", True),
    ],
)
def test_reachable_is_what_the_script_counts(text: str, reachable: bool) -> None:
    assert read_connectivity(f"Testing URL : u\n1 - Default proxy: {text}\n").urls[0].reachable is reachable


def test_mdatps_own_test() -> None:
    ok, bad = read_connectivity(MDATP).urls
    assert ok.reachable and not bad.reachable
    assert [(line.name, line.result, line.text) for line in bad.tried] == [(MDATP_TEST, "failed", "ERROR: curl error 35")]


def test_what_is_too_long_or_too_much_is_none_of_it() -> None:
    assert lines_of("a" * 3000 + "\nb") == ["b"]
    assert len(read_connectivity("Testing URL : u\n" * (MOST_URLS + 9)).urls) == MOST_URLS
    assert read_connectivity("1 - Default proxy:" + " " * 1900 + "\n" * 50).urls == []


def test_outcomes() -> None:
    assert outcome_of("") == ("unknown", None)
    assert outcome_of("Failed") == ("failed", None)
