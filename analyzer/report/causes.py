"""Findings as plain rows: what was seen, where, what to do, and the command for its packets; similar ones are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analyzer.report.expectation import expectation_file
from analyzer.text.labels import ProxyLabel, some, source_label
from analyzer.text.times import to_the_second
from analyzer.text.words import counted

SEVERITIES = ("problem", "warning", "info")

MOST_WAYS = 3

OF_A_MOMENT = frozenset(("backlog-flush", "winner-changed", "fallback", "tunnel-idle-closed", "tunnel-dead", "client-analyzer-run"))
"""Findings that the document has once per source and moment."""


FAULTS = (
    "proxy-unreachable", "captive-portal", "not-a-proxy", "proxy-auth-required", "proxy-denied", "proxy-error", "origin-unreachable",
    "tls-inspected", "tls-failed",
)  # fmt: skip
"""Failures at a proxy, from which other findings may follow."""

FOLLOWS = ("tls-failed", "revocation-unreachable", "fallback", "winner-changed")
"""Findings that follow from a failure with the same flows; an earlier code may also be the cause of a later one."""


class Setting(NamedTuple):
    """What to change: name, place, value, reason, and the source page with its date.

    whose  the system that has it, or "at the proxy"
    """

    name: str
    whose: str
    where: str
    change: str
    why: str
    source: str
    date: str


class Finding(NamedTuple):
    """One finding, ready to be shown.

    settings  what to change, in the order to try it; expect: what must hold afterwards, as a file for --expect; "": none
    way       its proxy's label
    command   the command that writes its packets
    alike     the same finding for other sources or moments, where they are merged
    led_to    findings that follow from it: each with its advice, and the settings not listed before it
    harm      number of (source, service) pairs that it concerns and that don't work
    """

    severity: str
    code: str
    confidence: str | None
    text: str
    advice: str | None
    about: str
    when: str
    flows: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    expect: str = ""
    proxy: str | None = None
    way: str = ""
    command: str = ""
    alike: tuple[Finding, ...] = ()
    led_to: tuple[Finding, ...] = ()
    harm: int = 0

    @property
    def more(self) -> str:
        """`and 14 more like it`, or `and the same through PROX02`; "" where there are none."""
        others = list(dict.fromkeys(one.way for one in self.alike))
        if "" not in others and self.way not in others:
            return f"and the same through {some(others, MOST_WAYS)}" if others else ""
        return f"and {len(self.alike):,} more like it" if self.alike else ""


def with_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, the most harmful first; a consequence is listed with its cause, which takes its severity."""
    followed: dict[int, list[Finding]] = {}
    faults = [
        (number, cause, frozenset(cause.flows))
        for number, cause in enumerate(findings)
        if cause.code in FAULTS and cause.severity != "info"
    ]
    cause_of = {number: cause for number, finding in enumerate(findings) if (cause := _cause_of(finding, faults)) is not None}
    for number, cause in cause_of.items():
        while cause in cause_of:  # consequences of a consequence belong to the first cause
            cause = cause_of[cause]
        followed.setdefault(cause, []).append(findings[number])
    made = []
    for number, finding in enumerate(findings):
        if number in cause_of:
            continue
        if those := followed.get(number):
            severity = min((finding.severity, *(one.severity for one in those)), key=SEVERITIES.index)
            harm = max(finding.harm, *(one.harm for one in those))
            finding = finding._replace(severity=severity, harm=harm, led_to=tuple(_consequences(finding, those)))
        made.append(finding)
    return sorted(made, key=finding_order)


def _consequences(cause: Finding, followed: Sequence[Finding]) -> Iterator[Finding]:
    """The consequences, with only the settings that neither the cause nor an earlier one has, and without expectations of their own."""
    said = set(cause.settings)
    for one in followed:
        yield one._replace(settings=tuple(setting for setting in one.settings if setting not in said), expect="")
        said |= {*one.settings}


def _cause_of(finding: Finding, faults: Sequence[tuple[int, Finding, frozenset[str]]]) -> int | None:
    """The number of the failure with the same flows from which this finding follows; None: it is a cause itself."""
    if finding.code not in FOLLOWS or finding.severity == "info" or (finding.code == "winner-changed" and finding.severity != "problem"):
        return None
    flows = frozenset(finding.flows)
    for number, cause, its in faults:
        if finding.proxy not in (None, cause.proxy):
            continue
        if cause.code in FOLLOWS and FOLLOWS.index(cause.code) >= FOLLOWS.index(finding.code):
            continue
        shared = flows & its
        if shared and (finding.code in OF_A_MOMENT or len(shared) == len(flows)):
            return number
    return None


def to_do(findings: Sequence[Finding]) -> list[Finding]:
    """The harmful findings, the most harmful first; those with the same advice are merged over all proxies."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for cause in causes(findings):
        if cause.severity in SEVERITIES[:2]:
            together.setdefault((cause.severity, cause.code, cause.confidence, cause.advice), []).append(cause)
    return [
        first._replace(alike=(*first.alike, *(one for cause in rest for one in (cause, *cause.alike))))
        for first, *rest in together.values()
    ]


def causes(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in order; per-moment findings with the same code, proxy and confidence are merged."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        alike = finding.severity, finding.code, finding.proxy, finding.confidence
        together.setdefault(alike if finding.code in OF_A_MOMENT else (number,), []).append(finding)
    return [first._replace(alike=tuple(rest)) for first, *rest in together.values()]


def harm_of(entry: Mapping[str, Any], failing: Mapping[str, frozenset[str]]) -> int:
    """Number of (source, service) pairs of the finding that don't work; all failing services of its sources where it names none.

    failing  source → its services that don't work; missing: all work
    """
    services = frozenset(entry["services"])
    if not failing or entry["severity"] == "info" or entry["code"] == "direct-allowed":  # answered traffic harms no service
        return 0
    sources = [failing[ip] for ip in entry["client_ips"] if ip in failing]
    return sum(len(those & services) if services else len(those) for those in sources)


def finding_of(
    entry: Mapping[str, Any], names: Mapping[str, str | None], labels: Mapping[str, ProxyLabel], command: str, harm: int = 0
) -> Finding:
    clients, proxy, services = entry["client_ips"], entry["proxy"], entry["services"]
    about = [source_label(clients[0], names.get(clients[0]))] if len(clients) == 1 else [counted(len(clients), "source")] if clients else []
    if proxy:
        about.append(f"through {labels.get(proxy, proxy)}")
    if services:
        about.append(services[0] if len(services) == 1 else counted(len(services), "service"))
    return Finding(
        severity=entry["severity"],
        code=entry["code"],
        confidence=entry["confidence"],
        text=entry["text"],
        advice=entry["advice"],
        about=", ".join(about),
        proxy=proxy,
        way=str(labels.get(proxy, proxy)) if proxy else "",
        when=span(entry["first_seen"], entry["last_seen"]),
        flows=tuple(entry["flows"]),
        settings=tuple(_setting(one) for one in entry.get("settings", ())),
        expect=expectation_file(entry.get("expect")),
        command=command,
        harm=harm,
    )


def _setting(entry: Mapping[str, Any]) -> Setting:
    whose = "at the proxy" if entry["system"] == "proxy" else entry["system"]
    return Setting(entry["name"], whose, entry["where"], entry["change"], entry["why"], entry["source"], entry["date"])


def finding_order(finding: Finding) -> tuple[int, int, bool, int, str, str, str]:
    """By severity, then harm, then certain ones, then failures of proxies in the order of FAULTS."""
    fault = FAULTS.index(finding.code) if finding.code in FAULTS else len(FAULTS)
    rank = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    return rank, -finding.harm, finding.confidence != "certain", fault, finding.code, finding.about, finding.when


def span(start: str | None, end: str | None) -> str:
    """`2024-05-01 12:00:00 to 12:20:00` in the shown zone, with the date once; "" without times; an open end is left out."""
    first, last = to_the_second(start), to_the_second(end)
    if first and last:
        if first == last:
            return first
        return f"{first} to {last[11:] if first[:10] == last[:10] else last}"
    if first:
        return f"from {first}"
    return f"until {last}" if last else ""
