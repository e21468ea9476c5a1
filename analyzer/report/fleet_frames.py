"""The history document as tables for pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

TEXTS: Final = (
    "gateway", "client_ip", "name", "plane", "service", "proxy", "proxy_name", "method", "asked", "outcome", "confidence",
)  # fmt: skip
TIMES: Final = ("first_seen", "last_seen")
COUNTS: Final = ("days", "requests", "tunnels", "failed")
FINDING_TEXTS: Final = ("code", "severity", "confidence", "client_ip", "proxy", "service", "text", "advice")
FINDING_LISTS: Final = ("gateways", "client_ips", "services", "flows")


def eras_frame(history: Mapping[str, Any]) -> pd.DataFrame:
    """One row per gateway, source, service (null: the plane as a whole) and era; `last` marks the newest of each."""
    from analyzer.report.frames import frame_of, times_of

    rows = list(_rows(history))
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in TEXTS}
    columns |= {name: times_of(pa.array([row[name] for row in rows], pa.string())) for name in TIMES}
    columns |= {name: pa.array([row[name] for row in rows], pa.int64()) for name in COUNTS}
    columns["last"] = pa.array([row["last"] for row in rows], pa.bool_())
    return frame_of(pa.table(columns))


def _rows(history: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for gateway in history["gateways"]:
        for source in gateway["sources"]:
            whose = {"gateway": gateway["gateway"], "client_ip": source["client_ip"], "name": source["name"]}
            for held in (*source["planes"], *source["services"]):
                for number, era in enumerate(held["eras"], 1):
                    what = {"plane": held["plane"], "service": held.get("service"), "last": number == len(held["eras"])}
                    yield {**era, **whose, **what, "proxy_name": era["name"]}


def changes_frame(history: Mapping[str, Any]) -> pd.DataFrame:
    """One row per finding, problems first, as in the document."""
    from analyzer.report.frames import frame_of, times_of

    rows = history["findings"]
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in FINDING_TEXTS}
    columns |= {name: times_of(pa.array([row[name] for row in rows], pa.string())) for name in TIMES}
    columns |= {name: pa.array([row[name] for row in rows], pa.list_(pa.string())) for name in FINDING_LISTS}
    return frame_of(pa.table(columns))


def gateways_frame(history: Mapping[str, Any]) -> pd.DataFrame:
    """One row per gateway and day: date, rows, sources, requests, failed; `state` is the gateway's present state."""
    from analyzer.report.frames import frame_of

    rows = [
        {"gateway": gateway["gateway"], "state": gateway["state"], **day} for gateway in history["gateways"] for day in gateway["timeline"]
    ]
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in ("gateway", "state", "date")}
    columns |= {name: pa.array([row[name] for row in rows], pa.int64()) for name in ("rows", "sources", "requests", "failed")}
    return frame_of(pa.table(columns))
