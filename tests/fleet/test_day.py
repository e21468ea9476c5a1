"""A gateway's day against the verdict of the same packets: the same winners, outcomes and counts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.fleet.day import NO_SERVICE, Day, called, read_day
from analyzer.fleet.partitions import Partition, partitions
from analyzer.reading import read
from analyzer.routes.topology import load_topology, topology_of
from analyzer.row_files import write_rows
from analyzer.services.catalogue import load_catalogue
from analyzer.verdict import judge
from tests.conftest import ROOT
from tests.fleet.fleets import BOTH, CAPTURES, WINHTTP, day_of, lay, rows_of

TOPOLOGY = load_topology(ROOT / "captures" / "topology.toml")
CATALOGUE = load_catalogue(())
OLD = ROOT / "tests" / "fleet" / "rows-form-1.parquet"


def of_file(path: Path) -> Day:
    return read_day(Partition("gw", "2026-11-23", (path,)), TOPOLOGY, CATALOGUE)


def held(day: Day) -> dict[tuple[str, str], tuple[object, ...]]:
    """(client, service or plane) → the values that the verdict has for it too."""
    return {
        key: tuple((one.proxy, one.asked, one.outcome, one.confidence, one.carried, one.failed) for one in heard.stretches)
        for key, heard in (*day.services.items(), *day.planes.items())
    }


def verdict_of(capture: str) -> dict[tuple[str, str], tuple[object, ...]]:
    table = rows_of(capture)
    document = judge(table, topology=TOPOLOGY, catalogue=CATALOGUE, captures=[])
    return {
        (source["client_ip"], entry.get("service") or entry["plane"]): tuple(
            (era["proxy"], era["asked"], era["outcome"], era["confidence"], era["tunnels"], era["failed"]) for era in entry["eras"]
        )
        for source in document["sources"]
        for entry in (*source["planes"], *source["services"])
    }


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_day_is_what_the_report_of_its_packets_says(capture: str, tmp_path: Path) -> None:
    write_rows(rows_of(capture), tmp_path / "a.parquet")
    day = of_file(tmp_path / "a.parquet")
    assert held(day) == verdict_of(capture)
    assert day.rows == rows_of(capture).num_rows and day.forms == {2: 1}


def test_a_change_within_the_day_is_in_it(tmp_path: Path) -> None:
    found = read([str(ROOT / "captures" / "situations" / "setting-changed.pcapng")], topology=TOPOLOGY, catalogue=CATALOGUE, workers=1)
    write_rows(found.flows, tmp_path / "a.parquet")
    day = of_file(tmp_path / "a.parquet")
    assert [len(heard.stretches) for (_, plane), heard in day.planes.items() if plane == "sensor"] == [2]


def test_rows_of_the_first_edition_are_judged_anew() -> None:
    now = verdict_of(BOTH)
    old = of_file(OLD)
    assert {key: tuple(one[:4] for one in eras) for key, eras in held(old).items()} == {
        key: tuple(one[:4] for one in eras) for key, eras in now.items()
    }
    assert old.forms == {1: 1}


def test_a_conversation_that_stands_in_two_files_counts_once(tmp_path: Path) -> None:
    lay(tmp_path, "a", 0, rows_of(WINHTTP))
    once = read_day(partitions(tmp_path)[0], TOPOLOGY, CATALOGUE)
    write_rows(rows_of(WINHTTP).slice(0, 20), tmp_path / "gateway=a" / "date=2026-10-01" / "open.parquet")
    twice = read_day(partitions(tmp_path)[0], TOPOLOGY, CATALOGUE)
    assert (twice.rows, held(twice)) == (once.rows, held(once))


def test_the_topology_names_proxies_and_without_it_rows_do(tmp_path: Path) -> None:
    names = topology_of({"proxy": [{"name": "EDGE", "address": "172.16.12.10", "method": "pac"}]})
    assert called("172.16.12.10:3128", "PROX01", "winhttp", names) == ("EDGE", "pac")
    assert called("172.16.12.11:3128", "PROX02", "wininet", names) == ("PROX02", "wininet")
    assert called("[fd00::1]:3128", None, None, names) == (None, None)


def test_what_goes_past_the_proxies_to_anybody_is_counted_and_not_listed(tmp_path: Path) -> None:
    rows = rows_of(WINHTTP)
    texts = {"route": "direct", "direct_outcome": "answered", "service": None, "plane": None, "proxy": None}
    for name, text in texts.items():
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), pa.array([text] * rows.num_rows, pa.string()))
    none = pa.array([[]] * rows.num_rows, rows.schema.field("requests").type)
    rows = rows.set_column(rows.schema.get_field_index("requests"), rows.schema.field("requests"), none)
    rows = pa.concat_tables([rows, day_of(0, 0, {0: BOTH})])
    write_rows(rows, tmp_path / "a.parquet")
    day = read_day(Partition("gw", "2026-10-01", (tmp_path / "a.parquet",)), TOPOLOGY, CATALOGUE)
    anybody = {one.client: (one.kind, one.flows, one.servers) for one in day.past if one.service == NO_SERVICE}
    answered = rows.slice(0, rows_of(WINHTTP).num_rows)
    expected = {
        client: ("allowed", len(servers), len(set(servers)))
        for client in set(answered["client_ip"].to_pylist())
        for servers in [
            [s for c, s in zip(answered["client_ip"].to_pylist(), answered["server_ip"].to_pylist(), strict=True) if c == client]
        ]
    }
    assert anybody == expected and expected


def test_who_asks_for_other_hosts_only_is_there_and_nothing_is_heard_of_it(tmp_path: Path) -> None:
    """A row of a user's browsing changes nothing, whatever else the day has; the day of the other sources stays the same."""
    rows = rows_of(WINHTTP)
    asks = rows.filter(
        [
            route == "proxy" and bool(requests)
            for route, requests in zip(rows["route"].to_pylist(), rows["requests"].to_pylist(), strict=True)
        ]
    )
    others = [
        {**row, "id": f"{number:016x}", "client_ip": "172.16.11.7", "service": None, "plane": None,
         "requests": [{**request, "service": None, "plane": None} for request in row["requests"]]}
        for number, row in enumerate(asks.to_pylist())
    ]  # fmt: skip
    write_rows(pa.concat_tables([rows, pa.Table.from_pylist(others, schema=rows.schema)]), tmp_path / "a.parquet")
    day = of_file(tmp_path / "a.parquet")
    assert held(day) == verdict_of(WINHTTP)
    seen = day.sources.pop("172.16.11.7")
    times = asks["first_seen"].cast("int64").to_pylist()
    assert (seen.defender, seen.first, set(day.sources)) == ("not-seen", min(times), {"172.16.11.92"}) and "172.16.11.7" not in day.heard


def test_a_window_keeps_what_began_in_it(tmp_path: Path) -> None:
    rows = rows_of(WINHTTP)
    write_rows(rows, tmp_path / "a.parquet")
    times = rows["first_seen"].cast("int64").to_pylist()
    middle = times[len(times) // 2]
    day = read_day(Partition("gw", "2026-11-23", (tmp_path / "a.parquet",)), TOPOLOGY, CATALOGUE, (middle, None))
    assert day.rows == sum(time >= middle for time in times)
