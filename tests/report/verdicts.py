"""Verdict documents for the outputs to set: the article's fifth test, an empty one, and one whose every string is hostile."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from analyzer.verdict.advice.settings import NO_AUTHENTICATED_PROXY, NO_AUTHENTICATION
from tests.report.pac_row import DEVICE, pac_row

PROXIES = {
    "172.16.12.10:3128": ("PROX01", "winhttp"),
    "172.16.12.11:3128": ("PROX02", "wininet"),
    "172.16.12.12:3128": ("PROX03", "static"),
}

HOSTILE = "\x1b[31m[red]=x</td><script>alert(1)</script>|`\u202eevil\u2066\r\n*b* _i_ [l](http://x.example) ![i](y) www.x.example"


def part(proxy: str, tunnels: int, failed: int = 0, size: int = 0) -> dict[str, Any]:
    """One proxy's share of a service or plane."""
    name, method = PROXIES.get(proxy, (None, None))
    return {
        "proxy": proxy,
        "name": name,
        "method": method,
        "asked": tunnels + failed,
        "tunnels": tunnels,
        "worked": tunnels,
        "broken": 0,
        "unseen": 0,
        "failed": failed,
        "bytes": size,
        "first_seen": "2024-05-01T12:00:01.000000001Z",
        "last_seen": "2024-05-01T12:19:59.000000000Z",
    }


def judged(
    winner: str | None, parts: list[dict[str, Any]], confidence: str = "certain", reason: str = "one proxy carried all"
) -> dict[str, Any]:
    """The columns that services and planes share."""
    name, method = PROXIES.get(winner or "", (None, None))
    asked = max(parts, key=lambda one: one["asked"])["proxy"]
    asked_name, asked_method = PROXIES.get(asked, (None, None))
    outcome = "works" if winner else "authentication"
    return {
        "asked": asked,
        "asked_name": asked_name,
        "asked_method": asked_method,
        "outcome": outcome,
        "winner": winner,
        "winner_name": name,
        "method": method,
        "confidence": confidence if winner else None,
        "reason": reason,
        "eras": [
            {
                "proxy": winner,
                "name": name,
                "method": method,
                "asked": asked,
                "first_seen": "2024-05-01T12:00:01.000000001Z",
                "last_seen": "2024-05-01T12:19:59.000000000Z",
                "tunnels": sum(one["tunnels"] for one in parts),
                "failed": sum(one["failed"] for one in parts),
                "outcome": outcome,
                "confidence": confidence if winner else None,
            }
        ],
        "by_proxy": parts,
    }


def service(slug: str, group: str, plane: str | None, judgement: dict[str, Any]) -> dict[str, Any]:
    """A service of a source."""
    return {"service": slug, "group": group, "plane": plane, "evidence": "platform" if plane in (None, "system") else "own", **judgement}


def plane(name: str, judgement: dict[str, Any]) -> dict[str, Any]:
    """A plane of a source."""
    return {"plane": name, **judgement, "split": False}


MADE_BY = {
    "version": "0.0.0",
    "catalogue": {"as_of": "2024-04-01", "sha256": None},
    "topology": {"path": None, "sha256": None},
    "options": {},
}


def group(source: dict[str, Any]) -> dict[str, Any]:
    """The group of one source."""
    short = {entry["plane"]: {key: entry[key] for key in ("asked", "winner", "outcome")} for entry in source["planes"]}
    return {"sources": [source["client_ip"]], "defender": source["defender"], "answer": source["answer"], "planes": short}


def finding(code: str, severity: str, text: str, advice: str | None, **where: Any) -> dict[str, Any]:
    """A finding with every key."""
    entry = {
        "code": code,
        "severity": severity,
        "confidence": "certain",
        "client_ip": where.get("client_ip"),
        "client_ips": [where["client_ip"]] if where.get("client_ip") else [],
        "proxy": None,
        "service": where.get("service"),
        "services": [where["service"]] if where.get("service") else [],
        "text": text,
        "advice": advice,
        "settings": [],
        "expect": None,
        "first_seen": "2024-05-01T12:00:05.000000000Z",
        "last_seen": "2024-05-01T12:03:05.000000000Z",
        "flows": [],
    }
    return entry | where


ANSWER = "PROX03 (static) won for sensor (likely) and antivirus; PROX01 (WinHTTP) won for system; PROX02 (WinINET) won for user"


def _source() -> dict[str, Any]:
    winhttp, wininet, static = PROXIES
    command = "edr-command-and-control"
    return {
        "client_ip": "172.16.11.92",
        "client_ips": ["172.16.11.92"],
        "name": "WORKSTATION",
        "defender": "seen",
        "answer": ANSWER,
        "services": [
            service(command, "edr", "sensor", judged(static, [part(static, 12, 0, 48_211)])),
            service(
                "edr-cyber-data",
                "edr",
                "sensor",
                judged(
                    static,
                    [part(static, 41, 1, 1_204_000), part(winhttp, 1, 0, 900)],
                    "likely",
                    "98 % of 42 carried requests went through PROX03, 1 through PROX01",
                ),
            ),
            service("cloud-protection", "maps", "antivirus", judged(static, [part(static, 7, 0, 90_112)])),
            service("certificate-trust", "trust", "system", judged(winhttp, [part(winhttp, 3, 0, 5_275)])),
            service(
                "push-notifications",
                "push",
                "system",
                judged(None, [part(winhttp, 0, 4, 0)], "certain", "only failures: 4 requests failed"),
            ),
            service("smartscreen", "smartscreen", None, judged(wininet, [part(wininet, 2, 0, 3_000)])),
        ],
        "planes": [
            plane(
                "sensor",
                judged(
                    static,
                    [part(static, 53, 1, 1_252_211), part(winhttp, 1, 0, 900)],
                    "likely",
                    "98 % of 54 carried requests went through PROX03, 1 through PROX01",
                ),
            ),
            plane("antivirus", judged(static, [part(static, 7, 0, 90_112)])),
            plane("system", judged(winhttp, [part(winhttp, 3, 4, 5_275)])),
            plane("user", judged(wininet, [part(wininet, 31, 0, 7_400_000)])),
        ],
        "required": [
            {"service": "certificate-trust", "state": "carried", "through": ["172.16.12.10:3128"]},
            {"service": "cloud-protection", "state": "carried", "through": ["172.16.12.12:3128"]},
            {"service": "diagnostic-telemetry", "state": "unseen", "through": []},
            {"service": "push-notifications", "state": "failed", "through": ["172.16.12.10:3128", "direct"]},
            {"service": "security-intelligence-updates", "state": "possible", "through": ["172.16.12.10:3128"]},
        ],
        "device": DEVICE,
        "talk": [
            {
                "proxy": "172.16.12.12:3128",
                "name": "PROX03",
                "family": "winhttp",
                "flows": 60,
                "by": [{"what": "CONNECT with a Host with port and no user agent", "flows": 60}],
                "planes": [{"plane": "sensor", "flows": 53}, {"plane": "antivirus", "flows": 7}],
                "user_agents": [],
                "ja4": ["t12d190700_d83cc789557e_7af1ed941c26"],
            }
        ],
        "processes": [],
        "precedence": [
            {
                "plane": "sensor",
                "confidence": "likely",
                "over": "static",
                "under": "winhttp",
                "services": [command, "edr-cyber-data"],
                "evidence": ["0123456789abcdef", "1123456789abcdef"],
            },
            {
                "plane": "sensor",
                "confidence": "likely",
                "over": "static",
                "under": "wininet",
                "services": [command, "edr-cyber-data"],
                "evidence": ["0123456789abcdef", "2123456789abcdef"],
            },
            {
                "plane": "antivirus",
                "confidence": "certain",
                "over": "static",
                "under": "wininet",
                "services": ["cloud-protection"],
                "evidence": ["3123456789abcdef"],
            },
        ],
    }


def _direct(state: str, server: str, host: str | None, service: str | None, flows: list[str]) -> dict[str, Any]:
    ends = {"client_ip": "172.16.11.92", "server": server, "protocol": "tcp"}
    return {**ends, "host": host, "service": service, "state": state, "http_status": None, "flows": flows}


def fifth_test() -> dict[str, Any]:
    """The article's fifth test: static, WinHTTP and WinINET configured, each winning its part."""
    winhttp, wininet, static = PROXIES
    findings = [
        finding(
            "direct-blocked",
            "info",
            "WORKSTATION tried 20.1.2.4:443 directly 3 times and got no answer.",
            "Nothing to do where the gateway is meant to drop direct traffic.",
            client_ip="172.16.11.92",
            flows=["4123456789abcdef"],
        ),
        finding(
            "proxy-auth-required",
            "problem",
            "PROX01 asked for authentication (407) on 4 requests for push-notifications.",
            "Defender's services run as SYSTEM and can't authenticate: allow these hosts through PROX01 without it.",
            client_ip="172.16.11.92",
            proxy=winhttp,
            service="push-notifications",
            settings=[NO_AUTHENTICATION.to_dict(winhttp), NO_AUTHENTICATED_PROXY.to_dict(winhttp)],
            expect={"winner": {"push-notifications": winhttp}, "outcome": {"push-notifications": "works"}},
            flows=[f"{i}00000000000abcd" for i in range(9)],
        ),
        finding(
            "capture-damaged",
            "warning",
            "all-three.pcapng ends inside a packet.",
            "Copy the file again, or capture anew.",
            confidence="likely",
        ),
    ]
    source = _source()
    return {
        "schema": 2,
        "made_by": MADE_BY,
        "window": ["2024-05-01T12:00:00.000000000Z", "2024-05-01T12:20:00.000000000Z"],
        "reason": None,
        "captures": [
            {
                "path": "captures/all-three.pcapng",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "packets": 18_234,
                "first_seen": "2024-05-01T12:00:00.000000000Z",
                "last_seen": "2024-05-01T12:20:00.000000000Z",
                "damage": [{"code": "block-cut", "offset": 81_220, "bytes": 17, "count": 1, "text": None}],
            }
        ],
        "groups": [group(source)],
        "sources": [source],
        "proxies": [
            {
                "proxy": proxy,
                "name": name,
                "method": method,
                "kinds": ["connect", "absolute"],
                "sources": 1,
                "requests": 60,
                "failed": 4 if proxy == winhttp else 1 if proxy == static else 0,
                "hidden": 0,
                "inspected": {winhttp: None, wininet: True, static: False}[proxy],
            }
            for proxy, (name, method) in PROXIES.items()
        ],
        "legs": [
            {
                "client_ip": "172.16.11.92",
                "proxy": "172.16.12.12:3128",
                "name": "PROX03",
                "service": "edr-command-and-control",
                "host": "winatp-gw-weu.microsoft.com",
                "server": "20.1.2.6:443",
                "seen_from": "172.16.12.12",
                "kind": "tunnel",
                "hello": "same",
                "confidence": "certain",
                "legs": 2,
                "opening_ms": 12.5,
                "first_byte_ms": 21.75,
                "origin_answer_ms": 20.5,
                "outward_ms": 0.25,
                "inward_ms": 0.2,
                "bytes_out": 3000,
                "bytes_in": 41_000,
                "origin_bytes_out": 2600,
                "origin_bytes_in": 40_900,
                "flows": ["0123456789abcdef", "1123456789abcdef"],
                "origin_flows": ["7123456789abcdef", "8123456789abcdef"],
                "text": "PROX03 forwarded 2 tunnels of WORKSTATION for winatp-gw-weu.microsoft.com to 20.1.2.6:443; "
                "each ClientHello is bit for bit the client's",
            }
        ],
        "direct": {
            "allowed": [_direct("closed", "20.1.2.3:443", "login.live.com", None, ["5123456789abcdef"])],
            "blocked": [_direct("no-answer", "20.1.2.4:443", None, None, ["4123456789abcdef", "6123456789abcdef"])],
            "unknown": [],
        },
        "pac": [pac_row(static)],
        "findings": findings,
    }


def nothing_seen() -> dict[str, Any]:
    """A capture without a client that could be judged."""
    lists: dict[str, Any] = {name: [] for name in ("captures", "groups", "sources", "proxies", "legs", "pac", "findings")}
    direct: dict[str, Any] = {"allowed": [], "blocked": [], "unknown": []}
    return {"schema": 2, "made_by": MADE_BY, "window": [None, None], "reason": None, "direct": direct} | lists


def no_defender_traffic() -> dict[str, Any]:
    """The article's third test without a user: a client, but nothing of Defender's."""
    verdict = nothing_seen() | {"captures": deepcopy(fifth_test()["captures"])}
    verdict["window"] = ["2024-05-01T11:50:00.000000000Z", None]
    lists: dict[str, Any] = {"services": [], "planes": [], "required": [], "device": None, "talk": [], "processes": [], "precedence": []}
    source = {"client_ip": "172.16.11.92", "client_ips": ["172.16.11.92"], "name": None, "defender": "not-seen"} | lists
    verdict["sources"] = [source | {"answer": "no Defender traffic was seen"}]
    verdict["groups"] = [group(entry) for entry in verdict["sources"]]
    verdict["findings"] = [
        finding(
            "no-service-traffic",
            "warning",
            "172.16.11.92 sent no Defender traffic.",
            "Check that a user was logged on.",
            client_ip="172.16.11.92",
        )
    ]
    return verdict


def hostile() -> dict[str, Any]:
    """The fifth test with every string that a stranger can choose replaced by markup, escapes and formulas."""
    verdict = deepcopy(fifth_test())
    verdict["captures"][0]["path"] = HOSTILE
    verdict["captures"][0]["damage"] = [{"code": HOSTILE, "offset": 1, "bytes": 1, "count": 1, "text": HOSTILE}]
    for entry in verdict["proxies"]:
        entry["name"] = HOSTILE
        entry["kinds"] = [HOSTILE]
    for source in verdict["sources"]:
        source["name"] = source["answer"] = HOSTILE
        for judged_entry in [*source["services"], *source["planes"]]:
            judged_entry["reason"] = HOSTILE
            judged_entry["winner_name"] = HOSTILE if judged_entry["winner"] else None
            judged_entry["asked_name"] = HOSTILE
            for era in judged_entry["eras"]:
                era["name"] = HOSTILE
            for proxy_part in judged_entry["by_proxy"]:
                proxy_part["name"] = HOSTILE
        for entry in source["services"]:
            entry["service"] = entry["group"] = HOSTILE
        for entry in source["required"]:
            entry["service"] = HOSTILE
        for entry in source["talk"]:
            entry["name"] = entry["family"] = HOSTILE
            entry["by"] = [{"what": HOSTILE, "flows": 1}]
            entry["user_agents"] = [HOSTILE]
        for entry in source["precedence"]:
            entry["over"] = entry["under"] = HOSTILE
            entry["services"] = entry["evidence"] = [HOSTILE]
    for entry in verdict["groups"]:
        entry["answer"] = HOSTILE
    for entry in verdict["pac"]:
        entry["file"] = entry["host"] = entry["service"] = entry["returns"] = HOSTILE
        entry["unresolved"] = entry["asked"] = [HOSTILE]
    for entry in verdict["legs"]:
        entry["text"] = entry["host"] = entry["server"] = HOSTILE
    for entry in [*verdict["direct"]["allowed"], *verdict["direct"]["blocked"]]:
        entry["host"] = entry["service"] = entry["state"] = entry["server"] = HOSTILE
        entry["flows"] = [HOSTILE]
    for entry in verdict["findings"]:
        entry["text"] = entry["service"] = HOSTILE
        entry["services"] = [HOSTILE]
        entry["advice"] = entry["advice"] and HOSTILE
        entry["flows"] = [HOSTILE]
    return verdict
