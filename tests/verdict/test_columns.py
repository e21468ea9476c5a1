"""Columns of the flow table as masks and texts."""

import numpy as np
import pyarrow as pa

from analyzer.routes.captured import is_known
from analyzer.routes.topology import Topology
from analyzer.verdict.columns import column, mask, matches, says, state_list
from analyzer.verdict.evidence import evidence_of
from tests.verdict.rows import flow, table

EVIDENCE = evidence_of(
    table([flow(id="a", first_seen=1, sni="x"), flow(id="b", first_seen=2, state="no-answer"), flow(id="c", first_seen=3, state=None)]),
    Topology(),
)


def test_null_is_no_match() -> None:
    assert mask(pa.array([True, None, False])).tolist() == [True, False, False]
    assert matches(pa.array(["abc", None, "xbz"]), "^a").tolist() == [True, False, False]
    assert says(EVIDENCE, "sni", "x").tolist() == [True, False, False]
    assert is_known(EVIDENCE.flows, "sni").tolist() == [True, False, False]
    assert column(EVIDENCE, "id").to_pylist() == ["a", "b", "c"]


def test_states_are_counted_the_commonest_first() -> None:
    assert state_list(EVIDENCE, np.array([0, 0, 1, 2])) == "2 closed, 1 in no known state, 1 no-answer"


def test_where_http_says_no_that_is_how_it_ended() -> None:
    rows = [flow(id="a", first_seen=1, http_status=403), flow(id="b", first_seen=2, http_status=200)]
    assert state_list(evidence_of(table(rows), Topology()), np.array([0, 1])) == "1 answered 403, 1 closed"


def test_what_was_answered_past_the_proxies_is_called_so() -> None:
    """ "closed" alone reads like a port without a listening program."""
    rows = [flow(id="a", first_seen=1, route="direct", direct_outcome="answered"), flow(id="b", first_seen=2, route="direct")]
    assert state_list(evidence_of(table(rows), Topology()), np.array([0, 1])) == "1 answered, 1 closed"
