"""The document as tables: nothing is there that it doesn't say, and an empty one has all columns."""

from __future__ import annotations

from analyzer.report.fleet_frames import changes_frame, eras_frame, gateways_frame

EMPTY = {"gateways": [], "findings": []}


def test_columns_are_there_without_rows() -> None:
    assert list(eras_frame(EMPTY).columns)[:5] == ["gateway", "client_ip", "name", "plane", "service"]
    assert len(changes_frame(EMPTY)) == len(gateways_frame(EMPTY)) == 0
    assert {"first_seen", "tunnels", "last"} <= set(eras_frame(EMPTY).columns)
    assert {"code", "gateways", "flows"} <= set(changes_frame(EMPTY).columns)


def test_every_era_is_a_row_with_missing_as_missing() -> None:
    era = {
        "proxy": None, "name": None, "method": None, "asked": "10.0.0.1:3128", "first_seen": "2026-10-01T00:00:00.000000001Z",
        "last_seen": None, "days": 1, "requests": 3, "tunnels": 0, "failed": 3, "outcome": "denied", "confidence": None,
    }  # fmt: skip
    service = {"service": "edr-cyber-data", "plane": "sensor", "eras": [era, {**era, "proxy": "10.0.0.1:3128"}]}
    source = {"client_ip": "10.1.1.1", "name": None, "planes": [], "services": [service]}
    frame = eras_frame({"gateways": [{"gateway": "gw", "sources": [source]}]})
    assert frame.proxy.isna().tolist() == [True, False] and frame["last"].tolist() == [False, True]
    assert frame.first_seen.iloc[0].nanosecond == 1 and frame.last_seen.isna().all()
