import re
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from analyzer.findings import CODES, Finding, findings_table, in_order

CONTRACT_CODES = """
proxy-auth-required proxy-denied proxy-error proxy-unreachable direct-blocked direct-allowed fallback tls-inspected tls-failed
origin-unreachable
tunnel-idle-closed revocation-unreachable dns-failed name-mismatch no-service-traffic backlog-flush pac-discovery quic-attempt
encrypted-client-hello client-analyzer-run unknown-defender-name required-unseen service-plane-mixed mid-stream duplicated-packets
one-direction-only nat capture-damaged capture-unreadable capture-gap packets-dropped flows-evicted winner-changed new-proxy failures-up
service-silent service-back not-a-proxy captive-portal proxy-over-tls transparent-proxy tunnel-dead service-split topology-unmatched
capture-cut frames-unopened address-family
"""
# Beyond the contract: what it has no word for.
ADDED_CODES = "chained-proxy new-direct gateway-silent strangers-counted"


def test_every_code_of_the_contract_is_registered_and_what_was_added() -> None:
    assert sorted(CODES) == sorted([*CONTRACT_CODES.split(), *ADDED_CODES.split()])


@pytest.mark.parametrize("code", CODES)
def test_a_code_says_what_it_means_and_what_to_do(code: str) -> None:
    entry = CODES[code]
    assert re.fullmatch(r"[A-Z].*\.", entry.meaning) and re.fullmatch(r"[A-Z].*\.", entry.advice)
    assert entry.severity in ("info", "warning", "problem")


def test_a_finding_as_the_document_has_it() -> None:
    assert Finding("proxy-denied", "PROX01 said no", client_ips=("10.0.0.1",), services=("cloud", "edr"), flows=("a", "b")).to_dict() == {
        "code": "proxy-denied",
        "severity": "problem",
        "confidence": "certain",
        "client_ip": "10.0.0.1",
        "client_ips": ["10.0.0.1"],
        "proxy": None,
        "service": None,
        "services": ["cloud", "edr"],
        "text": "PROX01 said no",
        "advice": CODES["proxy-denied"].advice,
        "settings": [],
        "expect": None,
        "first_seen": None,
        "last_seen": None,
        "flows": ["a", "b"],
    }


def test_circumstances_change_the_severity() -> None:
    assert Finding("proxy-denied", "x", severity="info").to_dict()["severity"] == "info"


def test_an_unregistered_code_is_refused() -> None:
    with pytest.raises(KeyError):
        Finding("proxy-tired", "x").to_dict()


def test_the_worst_comes_first() -> None:
    findings = [Finding("quic-attempt", "x"), Finding("name-mismatch", "b"), Finding("proxy-denied", "x"), Finding("name-mismatch", "a")]
    assert [(row["code"], row["text"]) for row in in_order(findings)] == [
        ("proxy-denied", "x"),
        ("name-mismatch", "a"),
        ("name-mismatch", "b"),
        ("quic-attempt", "x"),
    ]


def test_findings_as_a_table() -> None:
    rows = in_order([Finding("nat", "x", first_seen="2024-05-01T12:00:00.000000000Z", flows=("a",)), Finding("nat", "y")])
    table = findings_table(rows)
    assert table.column_names[:2] == ["code", "severity"]
    assert table.column("flows").to_pylist() == [["a"], []]
    assert table.column("first_seen").cast(pa.timestamp("us", "UTC")).to_pylist() == [datetime(2024, 5, 1, 12, tzinfo=UTC), None]
    assert findings_table([]).schema == table.schema
