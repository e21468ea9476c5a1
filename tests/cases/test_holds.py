"""Each check accepts what it should and reports what it shouldn't accept: a check that can't fail would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.holds import CHECKS, amiss

PROXY = "172.16.12.10:3128"
ROW: dict[str, Any] = {
    "request": "connect",
    "requested_host": "host.example",
    "requested_port": 443,
    "requests": [{"port": 443}],
    "route": "proxy",
    "sni": "host.example",
    "client_ip": "10.0.0.1",
    "server_ip": "172.16.12.10",
    "server_port": 3128,
}
OTHER = ROW | {"route": "direct", "requested_port": 80}
BARE = ROW | {"request": None, "requested_host": None, "requests": [], "sni": None}


def judgement(**more: Any) -> dict[str, Any]:
    return {"winner": PROXY, "asked": PROXY, "confidence": "certain", "outcome": "works", "eras": [], "by_proxy": [{"failed": 0}]} | more


def document(required: str = "carried", finding: str = "fallback", **more: Any) -> dict[str, Any]:
    return {
        "sources": [
            {
                "services": [{"service": "slug"} | judgement(**more)],
                "planes": [{"plane": "sensor"} | judgement(**more)],
                "required": [{"service": "slug", "state": required}],
            }
        ],
        "proxies": [{"proxy": PROXY, "failed": sum(row["failed"] for row in judgement(**more)["by_proxy"])}],
        "findings": [{"code": finding, "text": "text"}],
    }


NOTHING: dict[str, Any] = {"sources": [], "proxies": [], "findings": []}
UNCARRIED = document(required="unseen", winner=None)

CASES = [  # key, what is wanted, rows and document where it holds, rows and document where it doesn't
    ("rows", [{"where": {"route": "proxy"}, "n": 2}], [ROW, ROW], NOTHING, [ROW, OTHER], NOTHING),
    ("rows", [{"where": {"route": "proxy"}, "min": 1}], [ROW, ROW], NOTHING, [OTHER], NOTHING),
    ("winner", {"slug": PROXY, "plane:sensor": PROXY}, [], document(), [], document(winner=None)),
    ("asked", {"plane:sensor": PROXY}, [], document(), [], NOTHING),
    ("certain", ["slug"], [], document(), [], document(confidence="likely")),
    ("not_certain", ["slug"], [], document(confidence="unclear"), [], document()),
    ("not_certain", ["slug"], [], document(confidence="unclear"), [], NOTHING),
    ("plane", ["sensor"], [], document(), [], NOTHING),
    ("no_plane", ["sensor"], [], NOTHING, [], document()),
    ("not_carried", True, [], UNCARRIED, [], document(required="unseen")),
    ("not_carried", True, [], UNCARRIED, [], document(winner=None)),
    ("no_failed", True, [], document(), [], document(by_proxy=[{"failed": 1}])),
    ("no_failed", True, [], document(), [], document(outcome="denied")),
    ("no_failed", True, [], document(), [], document(eras=[{"failed": 2}])),
    ("no_failed", True, [], document(), [], document(required="failed")),
    ("no_proxy_request_direct", True, [ROW], NOTHING, [OTHER], NOTHING),
    ("finding", ["fallback"], [], document(), [], NOTHING),
    ("no_finding", ["fallback"], [], document(finding="nat"), [], document()),
    ("no_names", True, [BARE], NOTHING, [BARE | {"sni": "x"}], NOTHING),
    ("no_names", True, [BARE], NOTHING, [BARE | {"requests": [{}]}], NOTHING),
    ("ports", 443, [ROW, BARE | {"requested_port": None}], NOTHING, [OTHER], NOTHING),
]


@pytest.mark.parametrize(("key", "wanted", "rows", "said", "bad_rows", "badly_said"), CASES)
def test_a_check_tells_right_from_wrong(key: str, wanted: Any, rows: Any, said: Any, bad_rows: Any, badly_said: Any) -> None:
    assert amiss({key: wanted}, rows, said) == []
    assert amiss({key: wanted}, bad_rows, badly_said)


def test_every_check_is_tried() -> None:
    assert {case[0] for case in CASES} == set(CHECKS)


def test_a_key_that_nobody_checks_is_no_silence() -> None:
    with pytest.raises(ValueError, match="new_key"):
        amiss({"new_key": 1}, [], NOTHING)
