"""The contract's "a request is carried when …", sentence by sentence."""

from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.requests import bytes_both_ways, flat_requests
from analyzer.verdict.outcome import outcome_of, same_host
from tests.verdict.rows import PROX01, asked, request, table


def words(*requests: dict[str, Any], **columns: Any) -> list[str]:
    """carried, failed or excused, for each request of one connection."""
    flows = table([asked(PROX01, *requests, **columns)])
    outcome = outcome_of(flat_requests(flows), bytes_both_ways(flows))
    answers = zip(outcome.carried, outcome.failed, outcome.excused, strict=True)
    found = [[word for word, holds in zip(("carried", "failed", "excused"), answer, strict=True) if holds] for answer in answers]
    assert all(len(each) == 1 for each in found), "exactly one holds"
    return [each[0] for each in found]


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        *(("connect", status, "carried") for status in (200, 201, 299)),
        *(("connect", status, "failed") for status in (100, 300, 302, 400, 403, 404, 405, 407, 500, 501, 502, 503, 504)),
        *(("absolute", status, "carried") for status in (200, 204, 206, 301, 304, 400, 401, 404, 405, 600)),
        *(("absolute", status, "failed") for status in (403, 407, 500, 501, 502, 503, 504, 599)),
        ("socks4", 90, "carried"),
        *(("socks4", status, "failed") for status in (0, 91, 92, 93)),
        ("socks5", 0, "carried"),
        *(("socks5", status, "failed") for status in (1, 2, 5, 90, 255)),
    ],
)
def test_an_answer_decides(kind: str, status: int, word: str) -> None:
    assert words(request(kind, "a.example", status)) == [word]


@pytest.mark.parametrize("kind", ["connect", "socks4", "socks5"])
def test_without_an_answer_bytes_both_ways_decide(kind: str) -> None:
    assert words(request(kind, "a.example", None), sni="a.example") == ["carried"]
    assert words(request(kind, "a.example", None), sni="a.example", bytes_in=0) == ["failed"]
    assert words(request(kind, "a.example", None), bytes_out=200) == ["failed"]


def test_an_unanswered_page_is_no_tunnel() -> None:
    assert words(request("absolute", "a.example", None), bytes_out=9000, bytes_in=9000) == ["failed"]


def test_only_the_last_request_of_a_connection_became_its_tunnel() -> None:
    assert words(request("connect", "a.example", None), request("connect", "a.example", 200), sni="a.example") == ["failed", "carried"]


@pytest.mark.parametrize(
    ("second", "words_expected"),
    [
        (request("connect", "a.example", 200), ["excused", "carried"]),
        (request("connect", "A.Example.", 200), ["excused", "carried"]),
        (request("connect", "b.example", 200), ["failed", "carried"]),
        (request("connect", "a.example", 407), ["failed", "failed"]),
        (request("connect", "a.example", 502), ["failed", "failed"]),
    ],
)
def test_a_407_followed_by_success_for_the_same_host(second: dict[str, Any], words_expected: list[str]) -> None:
    assert words(request("connect", "a.example", 407), second) == words_expected


def test_several_407s_before_success_as_ntlm_does() -> None:
    requests = [request("connect", "a.example", status) for status in (407, 407, 200)]
    assert words(*requests) == ["excused", "excused", "carried"]


def test_a_407_after_success_is_a_failure() -> None:
    assert words(request("absolute", "a.example", 200), request("absolute", "a.example", 407)) == ["carried", "failed"]


def test_a_403_followed_by_success_stays_a_failure() -> None:
    assert words(request("connect", "a.example", 403), request("connect", "a.example", 200)) == ["failed", "carried"]


def test_success_without_an_answer_excuses_too() -> None:
    assert words(request("connect", "a.example", 407), request("connect", "a.example", None), sni="a.example") == ["excused", "carried"]


def test_success_on_another_connection_excuses_nothing() -> None:
    rows = [asked(PROX01, request("connect", "a.example", 407)), asked(PROX01, request("connect", "a.example", 200))]
    flows = table(rows)
    assert outcome_of(flat_requests(flows), bytes_both_ways(flows)).failed.tolist() == [True, False]


def test_same_host() -> None:
    assert same_host(pa.array(["WWW.Example.ORG.", None])).to_pylist() == ["www.example.org", None]
