"""Purpose: what reads Zeek's logs reads ours, every row is one line whatever its names hold, and fields mean what they mean in Zeek."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import analyzer
from analyzer.report.zeek import CUSTOM, FIELDS, escaped, zeek_lines
from analyzer.tables import FLOW_SCHEMA
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT


def read(lines: bytes) -> list[dict[str, str | None]]:
    """As zeek-cut and its kin read it: by the header's own words."""
    settings, rows, names = {}, [], []
    for line in lines.decode("ascii").removesuffix("\n").split("\n"):
        if line.startswith("#"):
            key, _, value = line.partition(" " if line.startswith("#separator ") else "\t")
            settings[key] = value
            names = settings.get("#fields", "").split("\t")
        else:
            cells = line.split("\t")
            assert len(cells) == len(names)
            rows.append({name: None if cell == settings["#unset_field"] else cell for name, cell in zip(names, cells, strict=True)})
    assert settings["#separator"] == "\\x09" and len(settings["#types"].split("\t")) == len(names)
    return rows


def unescaped(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape").encode("latin-1").decode()


def test_a_tunnel_by_zeeks_names() -> None:
    flows = analyzer.read(io.BytesIO(pcap(tunnel().frames))).table
    (row,) = read(b"".join(zeek_lines(flows)))
    (flow,) = flows.to_pylist()
    assert (row["id.orig_h"], row["id.orig_p"], row["id.resp_h"], row["id.resp_p"]) == ("172.16.11.92", "50000", "172.16.12.10", "3128")
    assert (row["proto"], row["service"], row["uid"], row["community_id"]) == ("tcp", "ssl", flow["id"], flow["community_id"])
    assert (row["orig_bytes"], row["resp_pkts"], row["plane"]) == (str(flow["bytes_out"]), str(flow["packets_in"]), "sensor")
    whole, _, part = str(row["ts"]).partition(".")
    assert (int(whole) * 10**6 + int(part), len(part)) == (flow["first_seen"].value // 1000, 6)
    assert (row["host"], row["defender_service"]) == ("winatp-gw-neu.microsoft.com", flow["service"])


def test_pandas_reads_a_whole_capture() -> None:
    flows = analyzer.read(ROOT / "captures" / "T5-all-three.pcapng").table
    text = b"".join(zeek_lines(flows))
    names = [field.name for field in FIELDS]
    frame = pd.read_csv(
        io.BytesIO(text), sep="\t", comment="#", header=None, names=names, na_values=["-"], keep_default_na=False, quoting=3
    )
    assert len(frame) == flows.num_rows and [None if pd.isna(one) else one for one in frame["host"]] == flows["host"].to_pylist()
    assert frame["orig_bytes"].tolist() == flows["bytes_out"].to_pylist()
    assert set(CUSTOM) <= set(FLOW_SCHEMA.names) and len(set(names)) == len(names)
    assert set(frame["conn_state"].dropna()) <= {"S0", "S1", "SF", "REJ", "OTH"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain.example", "plain.example"), ("a\tb\nc", "a\\x09b\\x0ac"), ("-", "\\x2d"), ("", "(empty)"), ("(empty)", "\\x28empty)"),
        ("a\\x09", "a\\\\x09"), ("#close", "\\x23close"), ("a,b", "a\\x2cb"), ("é", "\\xc3\\xa9"), ("\x1b[31m", "\\x1b[31m"),
    ],
)  # fmt: skip
def test_hostile_text_stays_in_its_cell_and_can_be_had_back(text: str, written: str) -> None:
    assert escaped(text) == written
    assert text in ("", unescaped(written))
    flows: Any = analyzer.read(io.BytesIO(pcap(tunnel().frames))).table
    flows = flows.set_column(flows.schema.get_field_index("sni"), "sni", pa.array([text], pa.string()))
    (row,) = read(b"".join(zeek_lines(flows)))
    assert row["sni"] == written
