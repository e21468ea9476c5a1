"""Which settings address a finding, and what the next capture must show once they are changed.

RULES has one entry for each code that a setting addresses; WITHOUT has the reason for every other code why no setting of Defender, of
Windows or of the proxy is named for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from analyzer.findings import CODES, Expected, Finding
from analyzer.services.catalogue import Catalogue
from analyzer.text.labels import PLANES
from analyzer.verdict.advice import settings as known
from analyzer.verdict.advice.settings import AT_THE_PROXY, MAC, UNIX, WINDOWS, Setting


class Subject(NamedTuple):
    """The properties of a finding on which its settings depend.

    planes    the affected planes; systems: of its sources, empty where none is known
    method    how clients are configured with its proxy, from the topology; several joined by "/"
    names     the services, else the planes, that an expectation can name
    proxy     as ip:port
    """

    planes: frozenset[str]
    systems: frozenset[str]
    method: str
    names: tuple[str, ...]
    proxy: str | None


class Rule(NamedTuple):
    """The advice for one code.

    settings  in the order in which to try them
    expects   whether afterwards the finding must be absent, and its services, or planes, must work; through: by the finding's proxy
    services  named in the expectation where the finding names none
    info      whether the advice is also given for findings of severity info
    """

    settings: Callable[[Subject], Sequence[Setting]]
    expects: bool = True
    through: bool = True
    services: tuple[str, ...] = ()
    info: bool = False


def advised(
    finding: Finding,
    catalogue: Catalogue,
    systems: Mapping[str, frozenset[str]],
    methods: Mapping[str, str | None],
    worked: Sequence[str] = (),
) -> Finding:
    """The finding with its settings and expectation; unchanged where no setting addresses it.

    systems  source's address → its possible systems;  methods: proxy → its method;  worked: proxies that let a request through
    """
    rule = RULES.get(finding.code)
    if rule is None or ((finding.severity or CODES[finding.code].severity) == "info" and not rule.info):
        return finding
    services = [slug for slug in finding.services if slug in catalogue.services] or list(rule.services)
    planes = {plane for slug in services if (plane := catalogue.services[slug].plane)} | set(finding.planes)
    names = tuple(services) or tuple(f"plane:{plane}" for plane in PLANES if plane in finding.planes)
    ran = frozenset(system for ip in finding.client_ips for system in systems.get(ip, ()))
    subject = Subject(frozenset(planes), ran, methods.get(finding.proxy or "") or "", names, finding.proxy)
    found = [one for one in dict.fromkeys(rule.settings(subject)) if one.system == AT_THE_PROXY or one.system in (ran or {WINDOWS})]
    if not found:
        return finding
    proxy = finding.proxy if rule.through else None  # an address that is no proxy must not be configured again
    others = {one: method for one, method in methods.items() if one != finding.proxy}
    settings = [one.to_dict(proxy or (None if one.system == AT_THE_PROXY else meant(one.method, others, worked))) for one in found]
    return finding._replace(settings=settings, expect=finding.expect or expected(finding.code, subject, rule))


def meant(method: str, methods: Mapping[str, str | None], worked: Sequence[str]) -> str | None:
    """The proxy that a setting of this method refers to, among the topology's proxies and those found; None: not known.

    Of several proxies with the method, the one that worked; if none has the method, the only proxy that worked and has no method.
    """
    named = [proxy for proxy, its in methods.items() if method and method in (its or "").split("/")]
    working = [proxy for proxy in worked if proxy in methods]
    if not named:
        return working[0] if len(working) == 1 and not methods[working[0]] else None
    found = named if len(named) == 1 else [proxy for proxy in named if proxy in working]
    return found[0] if len(found) == 1 else None


def expected(code: str, subject: Subject, rule: Rule) -> Expected | None:
    """What must hold in the next capture: the services work, through the same proxy if the setting keeps it, and the finding is absent (a
    service that mostly works has the wanted outcome before anything is changed)."""
    if not rule.expects or not subject.names:
        return None
    winner = {"winner": dict.fromkeys(subject.names, subject.proxy)} if rule.through and subject.proxy else {}
    return {**winner, "outcome": dict.fromkeys(subject.names, "works"), "absent": {code: subject.proxy or "any"}}


def client_settings(subject: Subject) -> list[Setting]:
    """The settings for the clients' proxy: by its method where the topology has one, else by plane."""
    methods = set(subject.method.split("/")) - {"", "other"}
    found = [*([known.LINUX_PROXY] if UNIX in subject.systems else []), *([known.MAC_PROXY] if MAC in subject.systems else [])]
    if subject.systems and WINDOWS not in subject.systems:
        return found
    sensor, antivirus = "sensor" in subject.planes or not subject.planes, "antivirus" in subject.planes
    if not methods:
        return found + _by_plane(subject)
    if "static" in methods:
        found += [known.TELEMETRY_PROXY, known.NO_AUTHENTICATED_PROXY] if sensor else []
        found += [known.ANTIVIRUS_PROXY] if antivirus else []
    if "winhttp" in methods:
        found += [known.WINHTTP_PROXY]
    if "wininet" in methods:
        found += [known.WININET_PROXY]
    if "pac" in methods:
        found += [known.PAC_FILE, *([known.ANTIVIRUS_PAC] if antivirus else [])]
    return found


def _by_plane(subject: Subject) -> list[Setting]:
    """The settings that each plane follows, the most specific first."""
    found: list[Setting] = []
    if "sensor" in subject.planes or not subject.planes:
        found += [known.TELEMETRY_PROXY, known.NO_AUTHENTICATED_PROXY]
    if "antivirus" in subject.planes:
        found += [known.ANTIVIRUS_PROXY]
    if subject.planes - {"user"} or not subject.planes:
        found += [known.WINHTTP_PROXY]
    if "user" in subject.planes:
        found += [known.WININET_PROXY, known.PAC_FILE]
    return found


def past_the_proxies(subject: Subject) -> list[Setting]:
    """Settings that bring traffic back to a proxy: each plane's own setting, and the antivirus' list of exceptions."""
    return [*client_settings(subject), *([known.ANTIVIRUS_BYPASS] if "antivirus" in subject.planes else [])]


def after_a_fallback(subject: Subject) -> list[Setting]:
    """Settings of the proxy that was asked first: the sensor's static proxy falls back to direct."""
    found = client_settings(subject)
    return [known.STATIC_FALLS_BACK if one is known.TELEMETRY_PROXY else one for one in found]


def without_authentication(subject: Subject) -> list[Setting]:
    """The proxy's own rule; a static proxy needs a second setting that turns authenticated proxies off."""
    partner = [known.NO_AUTHENTICATED_PROXY] if "static" in subject.method.split("/") and "sensor" in subject.planes else []
    return [known.NO_AUTHENTICATION, *partner]


def for_the_lists(subject: Subject) -> list[Setting]:
    """The machine's proxy first; then the alternatives where it has no way to the lists."""
    return [known.WINHTTP_FOR_LISTS, known.PREFER_STATIC, known.REVOCATION_CHECK]


def at_the_proxy(*settings: Setting) -> Callable[[Subject], Sequence[Setting]]:
    """These settings, for every finding."""
    return lambda _: settings


RULES: Final[dict[str, Rule]] = {
    "proxy-auth-required": Rule(without_authentication),
    "proxy-denied": Rule(at_the_proxy(known.ALLOW_LIST)),
    "proxy-unreachable": Rule(client_settings),
    "not-a-proxy": Rule(client_settings, through=False),
    "captive-portal": Rule(at_the_proxy(known.NO_AUTHENTICATION)),
    "fallback": Rule(after_a_fallback),
    "address-family": Rule(client_settings, through=False),
    "direct-allowed": Rule(past_the_proxies, through=False),
    "direct-blocked": Rule(past_the_proxies, through=False),
    "tls-inspected": Rule(at_the_proxy(known.NO_INSPECTION)),
    "tls-failed": Rule(at_the_proxy(known.NO_INSPECTION)),
    "revocation-unreachable": Rule(for_the_lists, through=False, services=("certificate-trust",)),
    "service-split": Rule(client_settings, expects=False),
    "winner-changed": Rule(client_settings, expects=False),
    "topology-unmatched": Rule(client_settings, expects=False),
    "pac-discovery": Rule(at_the_proxy(known.PAC_FILE), expects=False, info=True),
}

WITHOUT: Final[dict[str, str]] = {
    "proxy-error": "the proxy's log says why",
    "origin-unreachable": "the way from the proxy to the internet",
    "tunnel-idle-closed": "the proxy's timeouts, of which Microsoft has no page",
    "tunnel-dead": "the firewall's timeouts, of which Microsoft has no page",
    "dns-failed": "the network's resolver",
    "name-mismatch": "what the client meant isn't known",
    "no-service-traffic": "no traffic was seen that a setting could change",
    "backlog-flush": "this is the expected behaviour",
    "quic-attempt": "the browser goes on over TCP",
    "encrypted-client-hello": "a browser's own setting",
    "client-analyzer-run": "this is the expected behaviour",
    "unknown-defender-name": "the catalogue",
    "required-unseen": "what wasn't asked for isn't known to fail",
    "service-plane-mixed": "the host name doesn't show the plane",
    "proxy-over-tls": "requests aren't visible",
    "transparent-proxy": "a device of the network, not a client's setting",
    "chained-proxy": "another place to capture, not a setting",
    "new-proxy": "its owner is unknown",
    "new-direct": "direct-allowed and direct-blocked name the settings",
    "failures-up": "the failures' own findings name the settings",
    "service-silent": "what isn't asked for isn't known to fail",
    "service-back": "this is the expected behaviour",
    "mid-stream": "it concerns the capture",
    "duplicated-packets": "it concerns the capture",
    "one-direction-only": "it concerns the capture",
    "nat": "it concerns the network",
    "capture-damaged": "it concerns the capture",
    "capture-unreadable": "it concerns the capture",
    "capture-gap": "it concerns the capture",
    "packets-dropped": "it concerns the capture",
    "flows-evicted": "it concerns the capture",
    "strangers-counted": "addresses outside the network",
    "gateway-silent": "it concerns the capturing gateway",
    "capture-cut": "it concerns the capture",
    "frames-unopened": "it concerns the capture",
}
