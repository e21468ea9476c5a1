"""DataFrames of flows, findings and services, and back."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from analyzer.errors import Unusable
from analyzer.report.frames import findings_frame, frame_of, services_frame, table_of
from analyzer.tables import FLOW_SCHEMA
from tests.report.flow_rows import NOON_NS, flow, table
from tests.report.verdicts import fifth_test, nothing_seen

FLOWS = table(flow(1), flow(2, alpn=["h2"], ech=None, proxy_status=None, user_agent="x"), flow(3, alpn=None, requests=[], first_seen=None))


def test_columns_have_the_types_they_say() -> None:
    frame = frame_of(FLOWS)
    assert list(frame.columns) == FLOW_SCHEMA.names
    assert str(frame.dtypes["first_seen"]) == "datetime64[ns, UTC]"
    assert frame.dtypes["client_port"] == pd.Int64Dtype() and frame.dtypes["ech"] == pd.BooleanDtype()
    assert isinstance(frame.dtypes["host"], pd.StringDtype)
    lists = {name for name, kind in frame.dtypes.items() if pd.api.types.is_object_dtype(kind)}
    assert lists == {field.name for field in FLOW_SCHEMA if pa.types.is_list(field.type)} > {"captures", "requests", "alpn", "pairs"}


def test_values_are_what_they_look_like() -> None:
    frame = frame_of(FLOWS)
    assert frame.captures.iloc[0] == ["a.pcap"] and isinstance(frame.captures.iloc[0], list)
    assert frame.requests.iloc[0][0]["kind"] == "connect"
    assert frame.alpn.iloc[0] == [] and frame.alpn.iloc[1] == ["h2"] and frame.alpn.isna().tolist() == [False, False, True]
    assert frame.proxy_status.tolist() == [200, pd.NA, 200]
    assert (frame.user_agent == "x").tolist() == [False, True, False]
    assert frame[frame.user_agent == "x"].id.tolist() == [f"{2:016x}"]
    assert frame.first_seen.isna().tolist() == [False, False, True]
    assert frame.last_seen.iloc[0].nanosecond == 1


def test_there_and_back_is_the_same_table() -> None:
    flows = table(flow(1), flow(2, alpn=["h2"], ech=None))
    assert table_of(frame_of(flows)).equals(flows)


def test_a_frame_from_parquet_or_with_objects_is_taken_too(tmp_path) -> None:  # type: ignore[no-untyped-def]
    flows = table(flow(1), flow(2, alpn=["h2"], ech=None))
    frame_of(flows).to_parquet(tmp_path / "f.parquet")
    assert table_of(pd.read_parquet(tmp_path / "f.parquet")).equals(flows)
    assert table_of(flows.to_pandas()).equals(flows)


def test_rows_are_sorted_and_windowed_and_columns_that_are_missing_are_null() -> None:
    frame = frame_of(table(flow(3), flow(1), flow(2))).drop(columns=["ja4", "sni"]).assign(mine=1)
    flows = table_of(frame, NOON_NS + 2_000_000_000, NOON_NS + 3_000_000_000)
    assert flows.column("id").to_pylist() == [f"{2:016x}"]
    assert flows.column("sni").null_count == 1
    assert table_of(frame).column("id").to_pylist() == [f"{n:016x}" for n in (1, 2, 3)]


def test_what_is_no_flow_table_is_refused() -> None:
    with pytest.raises(Unusable, match="no column id, protocol"):
        table_of(pd.DataFrame({"a": [1]}))
    with pytest.raises(Unusable, match="column client_port: not int32"):
        table_of(frame_of(FLOWS).assign(client_port="many"))


def test_findings_come_worst_first_with_times_and_lists() -> None:
    findings = findings_frame(fifth_test())
    assert findings.severity.tolist() == ["problem", "warning", "info"]
    assert str(findings.dtypes["first_seen"]) == "datetime64[ns, UTC]"
    assert len(findings.flows.iloc[0]) == 9
    assert findings[["client_ips", "services"]].iloc[0].tolist() == [["172.16.11.92"], ["push-notifications"]]
    assert findings_frame(nothing_seen()).shape == (0, len(findings.columns))


def test_services_are_one_row_each_with_totals() -> None:
    services = services_frame(fifth_test()).set_index("service")
    assert services.loc["edr-cyber-data", ["winner_name", "tunnels", "failed"]].tolist() == ["PROX03", 42, 1]
    assert services.winner.isna().sum() == 1
    assert services.loc["push-notifications", ["asked_name", "outcome", "evidence"]].tolist() == ["PROX01", "authentication", "platform"]
    assert len(services_frame(nothing_seen())) == 0
