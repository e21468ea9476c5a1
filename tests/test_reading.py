"""Parts and flow tables as inputs, beside captures and without."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any
from weakref import ref

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import analyzer
from analyzer.capture.inputs import no_results, open_inputs
from analyzer.capture.source import Source
from analyzer.engine import Engine
from analyzer.errors import NothingReadable, Unusable
from analyzer.parts.file import write_part
from analyzer.pipeline import routed as pipeline_routed
from analyzer.reading import known_proxies, part_of_captures
from tests.parts.rotated import PROXY, files_of, talks
from tests.pieces import differences


def written_parts(paths: list[Path]) -> list[Path]:
    parts = []
    for path in paths:
        parts.append(path.with_suffix(".part"))
        write_part(part_of_captures(open_inputs([str(path)]).sources), parts[-1])
    return parts


def test_parts_captures_and_both_together_give_the_same(tmp_path: Path) -> None:
    paths = files_of(talks(0, 8), 6, tmp_path / "a", "ring")
    one = analyzer.read(paths)
    parts = written_parts(paths)
    for inputs in (parts, [*parts[:3], *paths[3:]], [*paths[:3], *parts[3:]]):
        other = analyzer.read(inputs)
        assert differences(one.table, other.table) == []
        assert sorted(c["path"] for c in other.verdict.to_dict()["captures"]) == sorted(map(str, paths))
        assert other.verdict.to_dict()["sources"] == one.verdict.to_dict()["sources"]


def test_a_folder_of_flow_tables_and_a_proxy_known_from_one(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    topology = {"proxy": [{"name": "PROX01", "address": PROXY, "method": "winhttp"}]}
    whole = []
    for gw in range(2):
        paths = files_of(talks(gw, 5, answered=gw == 1), 2, tmp_path / f"gw{gw}", "ring")
        whole += paths
        (folder / f"gateway=gw{gw}").mkdir(parents=True)
        table = analyzer.read(paths, topology=topology if gw else None).table
        pq.write_table(table, folder / f"gateway=gw{gw}" / "flows.parquet")
    found = analyzer.read(folder)
    expected = analyzer.read(whole, topology=topology)
    same = [name for name in found.table.column_names if name not in ("capture", "captures")]
    assert differences(expected.table.select(same), found.table.select(same)) == []
    assert set(found.table["proxy_name"].to_pylist()) == {"PROX01"}
    assert [(proxy.name, proxy.port, proxy.methods) for proxy in known_proxies(found.table)] == [("PROX01", 3128, ("winhttp",))]


def test_what_is_no_flow_table_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + bytes(30))
    for name, said in (("other", "no flow table"), ("cut", "can't be read")):
        with pytest.raises(Unusable, match=said) as raised:
            analyzer.read(tmp_path / f"{name}.parquet")
        assert "\n" not in str(raised.value)


def test_a_window_is_for_packets(tmp_path: Path) -> None:
    paths = files_of(talks(0, 3), 2, tmp_path, "ring")
    parts = written_parts(paths)
    with pytest.raises(Unusable, match="no packets to choose from"):
        analyzer.read(parts, start="2024-01-01T00:00:00Z")
    assert no_results(open_inputs([str(parts[0])])).unusable
    parts[0].write_bytes(b"whichproxy part 9\n")
    with pytest.raises(NothingReadable, match="form 9"):
        analyzer.read(parts[0])


def test_digests_are_taken_while_rows_are_made_and_waited_for_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files_of(talks(0, 2), 2, tmp_path / "a", "ring")
    routed, take = Event(), Source.read_sha256

    def route(*given: Any) -> Any:
        flows = pipeline_routed(*given)
        routed.set()
        return flows

    def slowly(source: Source) -> None:
        assert routed.wait(30), "rows are made only when the digests are there"
        take(source)

    monkeypatch.setattr("analyzer.pipeline.routed", route)
    monkeypatch.setattr(Source, "read_sha256", slowly)
    captures = analyzer.read(paths).verdict.to_dict()["captures"]
    assert {c["path"]: c["sha256"] for c in captures} == {str(path): sha256(path.read_bytes()).hexdigest() for path in paths}


def test_what_packets_said_is_forgotten_before_rows_are_routed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, held = files_of(talks(0, 2), 1, tmp_path / "a", "ring"), list[Any]()
    contents = Engine.contents

    def noted(engine: Engine) -> Any:
        held.append(ref(engine.tables.records))
        return contents(engine)

    def route(*given: Any) -> Any:
        assert [one() for one in held] == [None]
        return pipeline_routed(*given)

    monkeypatch.setattr(Engine, "contents", noted)
    monkeypatch.setattr("analyzer.pipeline.routed", route)
    assert len(analyzer.read(paths, workers=1).table) == 2
