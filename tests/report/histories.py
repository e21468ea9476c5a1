"""A history document made by hand, with strangers' text in it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

HOSTILE = "gw\x1b[31m<script>alert(1)</script>\u202e=1+1"
T0, T1 = "2026-10-01T08:00:00.000000000Z", "2026-10-03T09:30:00.000000000Z"
ONE, TWO = "10.0.0.1:3128", "10.0.0.2:3128"


def winner(proxy: str | None = ONE, sources: int = 2, works: int = 2) -> dict[str, Any]:
    return {"proxy": proxy, "name": "PROX01" if proxy == ONE else None, "method": None, "sources": sources, "since": T0, "works": works}


def gateway(name: str, *winners: dict[str, Any], state: str = "reporting", last: str = T1) -> dict[str, Any]:
    days = [
        {"date": f"2026-10-0{n}", "rows": 5, "sources": 2, "requests": 9, "failed": 0, "winners": {"sensor": {ONE: 2}} if n < 3 else {}}
        for n in (1, 3)
    ]
    return {
        "gateway": name, "state": state, "first_seen": T0, "last_seen": last, "days": 2, "rows": 10, "bytes": 100,
        "planes": [{"plane": "sensor", "winners": list(winners or (winner(),))}], "timeline": days, "direct": [], "sources": [],
    }  # fmt: skip


def finding(code: str, text: str, gateways: list[str], severity: str = "warning", last: str | None = T1) -> dict[str, Any]:
    return {
        "code": code, "severity": severity, "confidence": "certain", "client_ip": None, "client_ips": [], "proxy": None, "service": None,
        "services": [], "text": text, "advice": "Look.", "first_seen": last, "last_seen": last, "flows": [], "gateways": gateways,
    }  # fmt: skip


def proxy(address: str, requests: int) -> dict[str, Any]:
    return {
        "proxy": address, "name": None, "method": None, "gateways": ["a"], "sources": 2, "requests": requests, "failed": 1,
        "first_seen": T0, "last_seen": T1,
    }  # fmt: skip


def fleet() -> dict[str, Any]:
    """Three gateways: one silent, one whose name is hostile and where something changed, one as ever."""
    made = {"version": "1", "catalogue": {"as_of": None, "sha256": None}, "topology": {"path": None, "sha256": None}, "options": {}}
    return deepcopy(
        {
            "schema": 1,
            "made_by": made,
            "window": [T0, T1],
            "read": {"files": 6, "bytes": 600, "rows": 30, "days": 6, "timeless": 0, "forms": {"2": 6}},
            "answers": [f"2 of 3 gateways report; silent: b {HOSTILE}.", "Who wins."],
            "gateways": [gateway("a"), gateway(HOSTILE, winner(TWO, 3, 1), winner(None, 1, 0)), gateway("b", state="silent", last=T0)],
            "proxies": [proxy(ONE, 5), proxy(TWO, 50)],
            "findings": [
                finding("gateway-silent", "nothing of b", ["b"], "problem", T0),
                finding("winner-changed", f"changed at {HOSTILE}", [HOSTILE]),
                finding("new-proxy", "old news", ["a"], last="2026-09-01T00:00:00.000000000Z"),
            ],
        }
    )
