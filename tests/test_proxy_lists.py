"""Lists for a proxy: of all or of those that are named, by name or by address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from analyzer.errors import Unusable
from analyzer.pipeline import Reading
from analyzer.proxy_lists import allow_list, no_inspection_list
from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from tests.conftest import ROOT

CAPTURES = ROOT / "captures"
Lists = Callable[[Reading, str, Sequence[str]], str]


@pytest.fixture(scope="module")
def failures() -> Reading:
    topology = load_topology(CAPTURES / "topology.toml")
    return read([str(CAPTURES / "proof" / "failures.pcapng")], topology=topology, catalogue=load_catalogue(), digests=False)


@pytest.mark.parametrize("lists", [allow_list, no_inspection_list])
def test_of_those_that_are_named(lists: Lists, failures: Reading) -> None:
    every = lists(failures, "plain", ())
    assert [line for line in every.splitlines() if line.startswith("#")] == [f"# 172.16.12.{n}:3128" for n in (10, 11, 12)]
    assert lists(failures, "plain", ["PROX01", "172.16.12.11:3128"]) == every.partition("# 172.16.12.12")[0]
    assert lists(failures, "plain", ["PROX02"]) == lists(failures, "plain", ["172.16.12.11:3128"])


@pytest.mark.parametrize("lists", [allow_list, no_inspection_list])
def test_a_proxy_that_was_not_seen_and_a_form_that_is_none(lists: Lists, failures: Reading) -> None:
    with pytest.raises(Unusable, match="no proxy 'PROX09' was seen"):
        lists(failures, "plain", ["PROX09"])
    with pytest.raises(Unusable):
        lists(failures, "no such form", ())
