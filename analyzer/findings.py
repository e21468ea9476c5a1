"""Every finding code: its severity, its meaning and what to do about it.

A finding is one cause with all its sources, services and flows; a finding about a moment is one per source and moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

Severity = Literal["info", "warning", "problem"]
Confidence = Literal["certain", "likely", "unclear"]

SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "info")


Expected = Mapping[str, Mapping[str, str | list[str]]]
"""A [test.expect] table: winner, asked, outcome or eras, each by service or "plane:NAME", and absent by a finding's code."""


class Code(NamedTuple):
    """What a code means.

    severity  how bad it usually is; a finding may differ where the circumstances do
    meaning   one sentence, for the documentation and for hovering
    advice    what to do about it
    """

    severity: Severity
    meaning: str
    advice: str


CODES: dict[str, Code] = {
    "proxy-auth-required": Code(
        "problem",
        "The proxy answered 407: it wants the client to authenticate, which Defender's services can't do as SYSTEM.",
        "Let Defender's hosts through this proxy without authentication.",
    ),
    "proxy-denied": Code(
        "problem",
        "The proxy refused the request (403, or SOCKS not allowed).",
        "Add the hosts to the proxy's allow list; whichproxy report --allow writes one.",
    ),
    "proxy-error": Code(
        "problem",
        "The proxy answered with an error instead of the tunnel or the page.",
        "Look in the proxy's log at these times: it could not, or would not, reach the host.",
    ),
    "proxy-unreachable": Code(
        "problem",
        "Connections to the proxy were refused or never answered.",
        "Check that the proxy runs, listens on this port, and that the gateway lets the client reach it.",
    ),
    "direct-blocked": Code(
        "info",
        "Connections past the proxies were dropped or rejected.",
        "Expected where only the proxies are allowed; else permit the host or configure a proxy for this service.",
    ),
    "direct-allowed": Code(
        "info",
        "Connections went past the proxies and were answered.",
        "If traffic must go through a proxy, block this at the gateway and check the client's proxy configuration.",
    ),
    "fallback": Code(
        "problem",
        "After its proxy failed, the client took another way: another proxy, or direct.",
        "Mend the proxy that is asked first. Where its static proxy is unreachable, the sensor goes direct.",
    ),
    "tls-inspected": Code(
        "problem",
        "TLS was opened on the way, which Defender does not support.",
        "Exclude Defender's hosts from TLS inspection on this proxy.",
    ),
    "tls-failed": Code(
        "problem",
        "The tunnel opened, but the TLS handshake inside it broke off, or nothing came back in it.",
        "Look for TLS inspection, certificate pinning or unreachable revocation lists.",
    ),
    "origin-unreachable": Code(
        "problem", "The proxy could not reach the origin server.", "Check the way from the proxy to the internet, and its DNS."
    ),
    "tunnel-idle-closed": Code("warning", "A tunnel was closed for being idle.", "Raise the proxy's idle timeout for Defender's hosts."),
    "revocation-unreachable": Code(
        "problem",
        "Certificate revocation lists could not be fetched while tunnels opened.",
        "Give SYSTEM a way to the revocation hosts: a WinHTTP proxy, or direct on port 80.",
    ),
    "dns-failed": Code(
        "warning", "Names did not resolve.", "Check the client's DNS server; behind a proxy the client needs no DNS for these hosts."
    ),
    "name-mismatch": Code(
        "warning",
        "The name asked of the proxy and the name in the ClientHello inside the tunnel differ.",
        "See which of the two the client meant: domain fronting, a shared address, or a client that asks by another name.",
    ),
    "no-service-traffic": Code(
        "info",
        "This source sent nothing to any Defender service in this window.",
        "Check that the window is over five minutes long, the client is onboarded, and a user was logged on if only WinINET is set.",
    ),
    "backlog-flush": Code(
        "info", "Cached events were uploaded in a burst.", "Nothing to do: events kept while there was no way out are catching up."
    ),
    "pac-discovery": Code(
        "info", "A client looked for a proxy by itself: WPAD or a PAC file.", "Check that the file it gets names the proxies you expect."
    ),
    "quic-attempt": Code(
        "info",
        "A client tried QUIC (UDP port 443), which no HTTP proxy carries.",
        "Nothing to do where it is blocked: clients go on over TCP. Block it if all traffic must go through the proxies.",
    ),
    "encrypted-client-hello": Code(
        "info",
        "The ClientHello has the encrypted_client_hello extension, possibly as GREASE: its visible name may not be the real one.",
        "Rely on the name asked of the proxy. Defender's own processes are not known to send it: look at which program does.",
    ),
    "client-analyzer-run": Code("info", "Traffic of Defender's Client Analyzer, left out of the verdict.", "Nothing to do."),
    "unknown-defender-name": Code(
        "info",
        "A host looks like Defender's, but no catalogue rule names it.",
        "Add it to a catalogue of your own if you know which service it is.",
    ),
    "required-unseen": Code(
        "info", "A service that Defender requires was not seen.", "Capture longer, or check that the service is switched on."
    ),
    "service-plane-mixed": Code(
        "info",
        "Requests to one service belong to several planes, or to one that the host doesn't tell; "
        "or a user's hosts are asked for as services do.",
        "Read this service's own row, and which proxies carried it. For a user's hosts: see which program asks.",
    ),
    "mid-stream": Code(
        "info",
        "The conversation began before the capture: what it asked for isn't known.",
        "Start the capture before the clients, or capture longer.",
    ),
    "duplicated-packets": Code(
        "info",
        "Packets were captured twice. Each counts once, but those of two parts count twice, as the text says then.",
        "Nothing to do; capture on one interface to avoid it. Captures of which parts hold the same packets are to be read together.",
    ),
    "one-direction-only": Code(
        "warning",
        "Only one direction of these conversations was captured: answers can't be seen.",
        "Capture where both directions pass (mirror both, look for asymmetric routing).",
    ),
    "nat": Code(
        "info", "Addresses were translated on the way.", "Nothing to do; name the translated addresses in the topology if you can."
    ),
    "capture-damaged": Code("warning", "Part of a capture file could not be read; the rest was.", "Copy the file again, or capture anew."),
    "capture-unreadable": Code("warning", "Packets of a kind that isn't read were left out.", "Capture on an Ethernet or IP interface."),
    "capture-gap": Code("warning", "The capture has a hole in it.", "Give the capturing machine more buffer, or filter what it captures."),
    "packets-dropped": Code(
        "warning", "The capturing machine dropped packets.", "Give the capture a larger buffer (-B), or a filter; counts are lower bounds."
    ),
    "flows-evicted": Code(
        "warning", "Conversations were given up to stay within the memory limit.", "Raise the limit, or filter what is captured."
    ),
    "not-a-proxy": Code(
        "problem",
        "A proxy was asked for at an address that isn't one: a web server, or something that speaks another protocol, answered.",
        "Check the address and port in the proxy setting: nothing reached the host this way.",
    ),
    "captive-portal": Code(
        "problem",
        "Requests for different hosts were all redirected to one other host: a portal wants a user to log on first.",
        "Let Defender's hosts pass the portal, or log on to it.",
    ),
    "proxy-over-tls": Code(
        "warning",
        "Clients speak TLS to the proxy itself, so what they ask it for can't be seen.",
        "Capture where it can be seen, or look into the proxy's own log.",
    ),
    "chained-proxy": Code(
        "info",
        "A proxy asks another one for clients that the capture doesn't show, so what it asks counts for no source.",
        "Capture between the clients and the first proxy to see who asked it for what.",
    ),
    "transparent-proxy": Code(
        "info",
        "Something on the way takes connections over and makes them anew under its own address.",
        "Know that it is there: the client isn't configured for it, and what it refuses looks like the host's own refusal.",
    ),
    "tunnel-dead": Code(
        "warning",
        "After a silence, what the client sent through an open tunnel was never acknowledged: something on the way had forgotten it.",
        "Raise the idle timeout of the firewall or load balancer between client and proxy above the proxy's own.",
    ),
    "service-split": Code(
        "warning",
        "Services of one plane went through different proxies.",
        "Read each service's own row: which setting each of them follows.",
    ),
    "topology-unmatched": Code(
        "warning",
        "The topology names a proxy that was never asked, while one it doesn't name was.",
        "Compare addresses and ports in the topology with those in the report.",
    ),
    "capture-cut": Code(
        "info",
        "Packets were cut by the snap length: the bytes beyond it can't be read.",
        "Capture whole packets: tcpdump -s 0.",
    ),
    "frames-unopened": Code(
        "warning",
        "Packets in a wrapping or of a link type that isn't opened were passed over.",
        "Capture without the wrapping, or convert the capture first, as the text says.",
    ),
    "address-family": Code(
        "warning",
        "A proxy answers by one address family and not by the other.",
        "Let the proxy listen on both, or give its name only the address that answers.",
    ),
    "winner-changed": Code(
        "problem",
        "A service changed its proxy, within the capture or since the last run.",
        "Check what changed in the clients' proxy configuration.",
    ),
    "new-proxy": Code(
        "warning", "A proxy appeared that wasn't there in the last run.", "Check whose it is; name it in the topology if it is yours."
    ),
    "new-direct": Code(
        "warning",
        "A source goes past the proxies that didn't in the last run.",
        "See why it leaves its proxy: a changed setting, or a proxy that doesn't answer.",
    ),
    "failures-up": Code("warning", "A service fails more often than in the last run.", "See the failures' own findings."),
    "service-silent": Code("warning", "A service that was there in the last run is silent.", "Check the client and its proxy."),
    "service-back": Code("info", "A service that was silent in the last run is back.", "Nothing to do."),
    "strangers-counted": Code(
        "info",
        "Very many addresses sent one SYN each and nothing else, as a scan or a flood with forged addresses does.",
        "Nothing to do for the proxies. If they should be workstations, see what they try to reach and why no answer comes.",
    ),
    "gateway-silent": Code(
        "problem",
        "Nothing of a gateway is there any more, while others go on: it captures nothing, or what it found doesn't arrive.",
        "See whichproxy job status on the gateway, and what copies its results.",
    ),
}


class Finding(NamedTuple):
    """One cause, with every source, service and flow that it affects.

    text                  what was seen, with the numbers
    client_ips services   the affected sources and services, sorted
    first_seen last_seen  RFC 3339, nine digits, Z; None when unknown
    flows                 ids of the flows that prove it
    severity              None: the code's usual severity
    advice                what to do, where it is more specific than the code's advice
    settings              what to change and where, as in the document (verdict/advice/)
    expect                a [test.expect] table: what must hold in the next capture after the change
    planes                the affected planes, where `services` doesn't imply them; not part of the document
    """

    code: str
    text: str
    client_ips: Sequence[str] = ()
    proxy: str | None = None
    services: Sequence[str] = ()
    severity: Severity | None = None
    confidence: Confidence = "certain"
    first_seen: str | None = None
    last_seen: str | None = None
    flows: Sequence[str] = ()
    advice: str | None = None
    settings: Sequence[Mapping[str, Any]] = ()
    expect: Expected | None = None
    planes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """The finding as in the verdict document. KeyError: a code that isn't registered."""
        code = CODES[self.code]
        return {
            "code": self.code,
            "severity": self.severity or code.severity,
            "confidence": self.confidence,
            "client_ip": _only(self.client_ips),
            "client_ips": list(self.client_ips),
            "proxy": self.proxy,
            "service": _only(self.services),
            "services": list(self.services),
            "text": self.text,
            "advice": self.advice or code.advice,
            "settings": [dict(setting) for setting in self.settings],
            "expect": None if self.expect is None else {key: dict(table) for key, table in self.expect.items()},
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "flows": list(self.flows),
        }


def _only(texts: Sequence[str]) -> str | None:
    """The only text; None where there are none or several."""
    return texts[0] if len(texts) == 1 else None


def in_order(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as dicts: the worst first, then by code, source, proxy, service and text."""
    rows = [finding.to_dict() for finding in findings]
    return sorted(
        rows, key=lambda r: (SEVERITIES.index(r["severity"]), r["code"], r["client_ips"][:1], r["proxy"] or "", r["services"], r["text"])
    )


def findings_table(findings: Sequence[dict[str, Any]]) -> pa.Table:
    """The findings of a verdict document as a table: its keys as columns, times as timestamps, flows as a list."""
    import pyarrow as pa

    from analyzer.tables import TIME

    texts = ("code", "severity", "confidence", "client_ip", "proxy", "service", "text", "advice")
    columns = {name: pa.array([row[name] for row in findings], pa.string()) for name in texts}
    for name in ("first_seen", "last_seen"):
        columns[name] = pa.array([row[name] for row in findings], pa.string()).cast(TIME)
    for name in ("client_ips", "services", "flows"):
        columns[name] = pa.array([row[name] for row in findings], pa.list_(pa.string()))
    return pa.table(columns)
