"""The same work by this process, by others, and by a Dask cluster; what a lost worker had is done again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.errors import Unusable
from analyzer.workers import plan
from analyzer.workers.executor import FAN, Cluster, Executor, Here, Processes, executor_of, tree
from tests.parts.rotated import files_of, talks
from tests.pieces import differences


def shout(word: str) -> bytes:
    return word.upper().encode()


def joined(words: Sequence[bytes]) -> bytes:
    return b" ".join(words)


def die_once(place: str) -> bytes:
    """Its process is killed the first time, as the system does when memory is short."""
    try:
        Path(place).touch(exist_ok=False)
    except FileExistsError:
        return b"done"
    os.kill(os.getpid(), signal.SIGKILL)
    return b"never"


def everything(executor: Executor, n: int) -> bytes:
    seen: list[int] = []
    pieces = executor.map(shout, [f"w{i}" for i in range(n)], seen.append)
    assert sorted(seen) == list(range(n))
    left = executor.gather(executor.reduce(joined, pieces))
    assert len(left) <= FAN
    return b" ".join(left)


EXPECTED = " ".join(f"W{i}" for i in range(2 * FAN + 3)).encode()


def test_here() -> None:
    assert everything(Here(), 2 * FAN + 3) == EXPECTED


def test_a_process_that_dies_costs_what_it_worked_on(tmp_path: Path) -> None:
    with executor_of(2) as executor:
        assert isinstance(executor, Processes)
        assert executor.map(die_once, [str(tmp_path / "a")], lambda _: None) == [b"done"]
        assert everything(executor, 2 * FAN + 3) == EXPECTED


def test_neighbours_stay_neighbours() -> None:
    assert tree(lambda some: "".join(some), list("abcdefghijklmnopqrstuvwxyz")) == ["abcdefgh", "ijklmnop", "qrstuvwx", "yz"]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes behind a scheduler on the loopback."""
    from distributed import Client, LocalCluster

    two = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1")
    with two as cluster, Client(cluster) as client:
        yield client


def test_a_cluster_gives_the_same_and_survives_a_lost_worker(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "RUN_BYTES", 1000)
    paths = [path for gw in range(3) for path in files_of(talks(gw, 10, answered=gw == 0), 8, tmp_path / f"gw{gw}", "ring")]
    one = analyzer.read(paths)
    cluster = Cluster(client)
    assert cluster.workers == 2
    assert cluster.gather(cluster.map(die_once, [str(tmp_path / "once")], lambda _: None)) == [b"done"]
    for named in (client, client.scheduler.address):
        other = analyzer.read(paths, cluster=named)
        assert differences(one.table, other.table) == []
        assert one.verdict.to_dict()["sources"] == other.verdict.to_dict()["sources"]


def test_an_address_where_nobody_answers_and_a_machine_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unusable, match="no scheduler answers"), executor_of(1, "nonsense://x"):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Unusable, match=r"pip install 'whichproxy\[cluster\]'"), executor_of(1, "tcp://127.0.0.1:1"):
        pass
