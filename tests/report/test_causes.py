"""Findings that state a moment are one cause where they say the same; others stay apart."""

from __future__ import annotations

import re
from typing import Any

import pytest

import analyzer
from analyzer.report.causes import Finding, Setting, causes, harm_of, span, to_do, with_consequences
from analyzer.report.markdown import to_markdown
from analyzer.report.model import build
from analyzer.report.page.html import to_html
from analyzer.report.terminal import plain_text
from tests.conftest import ROOT
from tests.report.fleets import fleet

PROX01, PROX02, PROX03 = "172.16.12.10:3128", "172.16.12.11:3128", "172.16.12.12:3128"
LISTS, DROPPED, ECH = ("revocation-unreachable", None), "direct-blocked", "encrypted-client-hello"
BY_HAND: dict[str, tuple[list[tuple[str, str | None]], list[str]]] = {
    "T1-winhttp": ([], [DROPPED]),  # the gateway drops two SYNs of push notifications, in most of these
    "T2-winhttp-wininet": ([], [DROPPED, ECH]),
    "T3a-wininet-no-user": ([("no-service-traffic", None)], [DROPPED]),
    "T3b-wininet-user": ([("tls-failed", PROX02)], [DROPPED, ECH]),  # 6 alerts 48 of the client
    "T4-static": ([LISTS], [DROPPED]),  # 6 unanswered SYNs to port 80, and no other way there
    "T5-all-three": ([], [DROPPED, ECH]),
    "T6-static-wininet": ([LISTS], [DROPPED, ECH]),
    "proof/both-legs": ([], [ECH]),
    "proof/failures": (  # at PROX03 2 RST; at PROX01 3 × 403, 2 × 407, 500, 503, alerts 48, 48 and 112, and an idle tunnel closed
        [
            ("proxy-unreachable", PROX03), ("proxy-denied", PROX01), ("proxy-auth-required", PROX01), ("proxy-error", PROX01),
            ("origin-unreachable", PROX01), ("tls-failed", PROX01), ("tunnel-idle-closed", PROX01),
        ],
        [DROPPED, "quic-attempt"],
    ),
    "proof/interception": ([("tls-inspected", PROX02)], [DROPPED]),  # 6 alerts 48, all where PROX02 sent a hello of its own
    "situations/block-page": ([LISTS], [DROPPED]),  # 5 × 403 from what stands before the servers
    "situations/captive-portal": ([("captive-portal", PROX01)], [DROPPED]),  # 11 × 302 at PROX01, 6 past it
    "situations/changed-to-a-proxy-that-denies": ([("proxy-denied", PROX03)], []),  # 7 × 200 at PROX01, then 7 × 403
    "situations/firewall-drops-hello": ([("direct-blocked", None)], []),
    "situations/firewall-resets-hello": ([("direct-blocked", None), ("direct-allowed", None)], [ECH]),
    "situations/ntlm-refused": ([("no-service-traffic", None)], ["proxy-auth-required"]),  # 21 × 407, no host of Defender's
    "situations/ntlm-system-refused": ([("proxy-auth-required", PROX02)], []),
    "situations/pac-failover": ([("proxy-unreachable", PROX01)], ["winner-changed"]),  # 12 RST, and each asked again at PROX02
    "situations/proxy-dies-and-returns": ([("proxy-unreachable", PROX03)], []),  # 11 RST among 22 × 200
    "situations/proxy-never-answers": ([("proxy-unreachable", PROX03)], [DROPPED]),
    "situations/setting-changed": ([("winner-changed", None)], []),
    "situations/static-407-then-winhttp": ([("proxy-auth-required", PROX03)], []),  # 40 × 407, then 2 × 200 at PROX01
    "situations/static-dead-direct-open": ([("proxy-unreachable", PROX03), ("direct-allowed", None)], []),  # 5 RST
    "situations/tls-broken-in-every-tunnel": ([("tls-failed", PROX03)], []),  # 6 alerts 48
    "situations/two-families": ([("address-family", "[fd00:12::10]:3128")], []),  # 3 unanswered SYNs by IPv6
    "situations/web-servers": ([("not-a-proxy", PROX01), ("not-a-proxy", PROX02), ("not-a-proxy", PROX03)], []),  # 400, 501, 405
}  # fmt: skip
"""Of each capture what is wrong, the most harmful first, and what else is to be known; what wasn't asked for at all is left out."""


def finding(code: str, proxy: str | None, text: str) -> Finding:
    return Finding("problem", code, "certain", text, None, "", "", (), proxy=proxy)


def test_what_is_the_same_at_several_moments_is_put_together() -> None:
    every = [finding("fallback", "a:1", "one"), finding("fallback", "b:1", "two"), finding("fallback", "a:1", "three")]
    first, second = causes(every)
    assert (first.text, first.more, second.text, second.more) == ("one", "and 1 more like it", "two", "")
    assert [other.text for other in first.alike] == ["three"]


def test_other_findings_are_causes_each() -> None:
    assert len(causes([finding("proxy-error", "a:1", "502"), finding("proxy-error", "a:1", "503")])) == 2


def test_what_is_to_be_done_about_several_proxies_is_said_once() -> None:
    every = [finding("tls-inspected", proxy, "opened")._replace(way=proxy) for proxy in ("a:1", "b:1", "c:1")]
    (cause,) = to_do([*every, every[0]._replace(severity="info")])
    assert (cause.text, cause.more) == ("opened", "and the same through b:1 and c:1")
    assert len(to_do([*every, every[0]._replace(advice="Something else.")])) == 2


def test_what_is_to_be_done_for_a_site_is_said_once() -> None:
    verdict = fleet(40)
    fallback = {**verdict["findings"][0], "code": "fallback", "severity": "problem", "proxy": "172.16.12.12:3128"}
    verdict["findings"] = [fallback | {"text": f"{n}", "client_ip": f"10.0.0.{n}", "client_ips": [f"10.0.0.{n}"]} for n in range(15)]
    report = build(verdict)
    (cause,) = report.to_do()
    assert cause.more == "and 14 more like it" and "1 problem" in report.summary and len(report.findings) == 15


@pytest.mark.parametrize("capture", BY_HAND)
def test_there_are_as_many_findings_as_causes(capture: str) -> None:
    """Of 26 captures: the report names the causes that tshark alone and the makers' own records show, in the order of their harm."""
    path = ROOT / "captures" / f"{capture}.pcapng"
    own = path.with_suffix(".topology.toml")
    verdict = analyzer.read(path, topology=own if own.is_file() else ROOT / "captures" / "topology.toml").verdict.to_dict()
    report = build(verdict)
    wrong = [(cause.code, cause.proxy) for cause in report.causes() if cause.severity != "info"]
    told = [cause.code for cause in report.causes() if cause.severity == "info" and cause.code != "required-unseen"]
    assert (wrong, told) == BY_HAND[capture]
    assert len(report.to_do()) == len({(cause.code, cause.advice) for cause in report.causes() if cause.severity != "info"})
    every = [one for cause in report.causes() for first in (cause, *cause.alike) for one in (first, *first.led_to)]
    assert sorted(one.text for one in every) == sorted(one["text"] for one in verdict["findings"]), "nothing is lost"


def at(code: str, flows: tuple[str, ...], proxy: str | None = "a:1", severity: str = "problem", **more: Any) -> Finding:
    return finding(code, proxy, code)._replace(flows=flows, severity=severity, **more)


def codes(findings: list[Finding]) -> list[tuple[str, list[str]]]:
    return [(one.code, [led.code for led in one.led_to]) for one in findings]


def test_what_follows_from_a_fault_stands_with_it_and_makes_it_as_severe() -> None:
    dead = at("proxy-unreachable", ("1", "2"), severity="warning", harm=1)
    (cause,) = with_consequences([at("fallback", ("2", "3"), harm=4), dead])
    assert codes([cause]) == [("proxy-unreachable", ["fallback"])] and (cause.severity, cause.harm) == ("problem", 4)
    opened = with_consequences([at("tls-failed", ("1",)), at("tls-inspected", ("1", "2")), at("revocation-unreachable", ("1",), None)])
    assert codes(opened) == [("tls-inspected", ["tls-failed", "revocation-unreachable"])]


def test_what_followed_keeps_the_settings_that_its_cause_has_not() -> None:
    one, two, three = (Setting(name, "Windows", "", "", "", "", "") for name in ("one", "two", "three"))
    cause = at("proxy-denied", ("1", "2"), settings=(one,), expect="denied")
    later = (
        at("fallback", ("1",), settings=(one, two), expect="fell back"),
        at("revocation-unreachable", ("2",), None, settings=(two, three)),
    )
    (made,) = with_consequences([cause, *later])
    assert [(each.settings, each.expect) for each in (made, *made.led_to)] == [((one,), "denied"), ((two,), ""), ((three,), "")]


def test_every_output_says_what_to_do_about_what_followed() -> None:
    """40 × 407 at the static proxy, and therefore a fallback: the one's rule at the proxy, and the other's setting of the sensor."""
    traffic = analyzer.read(
        ROOT / "captures" / "situations" / "static-407-then-winhttp.pcapng", topology=ROOT / "captures" / "topology.toml"
    )
    verdict = traffic.verdict.to_dict()
    report = build(verdict)
    texts = [plain_text(report), to_markdown(report), to_html(traffic.table, verdict)]
    for text in (re.sub(r"[\\]|<[^>]*>", "", one) for one in texts):
        said = text[text.index("herefore fallback: ") : text.rindex("required-unseen")]
        assert "Mend the proxy that is asked first." in said
        assert "/v TelemetryProxyServer" in said and "/v DisableEnterpriseAuthProxy" not in said


@pytest.mark.parametrize(
    "other",
    [
        at("fallback", ("2",), "b:1"),
        at("fallback", ("9",)),
        at("tls-failed", ("2", "9")),
        at("winner-changed", ("2",), None, "warning"),
        at("proxy-error", ("2",)),
        at("revocation-unreachable", ("2", "9"), None),
    ],
    ids=["another proxy", "other flows", "more flows", "a change", "no consequence", "more than its flows"],
)
def test_what_doesnt_follow_is_a_cause_of_its_own(other: Finding) -> None:
    assert [led for _, led in codes(with_consequences([at("proxy-denied", ("1", "2")), other]))] == [[], []]


def test_what_harms_most_comes_first() -> None:
    every = [
        at("proxy-denied", (), harm=1),
        at("tls-inspected", (), confidence="likely"),
        at("tunnel-dead", (), severity="warning", harm=9),
    ]
    every += [at("proxy-error", (), harm=7), at("tls-failed", ())]
    assert [one.code for one in with_consequences(every)] == ["proxy-error", "proxy-denied", "tls-failed", "tls-inspected", "tunnel-dead"]


def test_harm_counts_services_of_sources_that_dont_work() -> None:
    failing = {"10.0.0.1": frozenset("ab"), "10.0.0.2": frozenset("b")}
    entry = {"code": "proxy-denied", "severity": "problem", "client_ips": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "services": ["b", "c"]}
    assert harm_of(entry, failing) == 2
    assert harm_of(entry | {"services": []}, failing) == 3, "where it names none it may be any"
    assert harm_of(entry | {"code": "direct-allowed"}, failing) == 0, "what got through harms no service"
    assert harm_of(entry | {"severity": "info"}, failing) == 0 == harm_of(entry, {})


def test_spans_say_the_day_once() -> None:
    assert span("2024-05-01T12:00:00.000000000Z", "2024-05-01T12:20:00.000000000Z") == "2024-05-01 12:00:00 to 12:20:00"
    assert span(None, None) == ""
