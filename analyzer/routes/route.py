"""The route of each flow: the flow table with the columns of stage `routes` filled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.arrow import all_null, array
from analyzer.routes.behind import first_leg_of, relay_addresses
from analyzer.routes.captured import captured_of
from analyzer.routes.copies import copies_of
from analyzer.routes.direct import DIRECT_OUTCOMES, can_be_direct, direct_outcomes
from analyzer.routes.egress import as_proxies, egress_of
from analyzer.routes.fetches import fetches
from analyzer.routes.inspection import opened_tunnels
from analyzer.routes.legs import client_leg_of, hello_codes
from analyzer.routes.outcomes import hidden_flows, outcomes_of, with_outcomes
from analyzer.routes.pairs import pair_columns
from analyzer.routes.proxies import Ends, Proxies, find_proxies, flow_ends, shown_by_rows
from analyzer.routes.requests import Bools, Ints, flat_requests, one_array
from analyzer.routes.topology import Topology
from analyzer.routes.tunnels import tunnels_of

ROUTES = ("upstream", "proxy", "direct")
UPSTREAM, PROXY, DIRECT = range(3)


def route_flows(flows: pa.Table, topology: Topology) -> pa.Table:
    """The table with the columns of the stage routes filled, and the outcome of each of `requests`.

    route      upstream: the client has a proxy's address, also toward a parent proxy, any protocol. proxy: the server is a proxy
               (TCP only), or was asked as one on this flow, whatever the answer. direct: other TCP, and UDP/443. null: other UDP.
               A flow from an unknown address with the ClientHello of a tunnel is that tunnel's origin leg behind NAT: it is upstream, and
               so are all flows of that address (egress.py). A transparent proxy's second leg is upstream, and so are all flows of its
               address.
    proxy      the server's ip:port where the server is a proxy or was asked as one: on route proxy, and on upstream toward a parent.
    same_as    the flow of which this one is the copy behind a translation; its other columns are filled like any other flow's.
    pair       on both legs of a tunnel (all, with a parent proxy): the client leg's id; for plain HTTP on both legs of a fetch.
    inspected  false where both legs have the same ClientHello, true where the proxy sent one of its own (inspection.py).
    """
    ends, requests, captured = flow_ends(flows), flat_requests(flows), captured_of(flows)
    tunnels = tunnels_of(flows, captured)
    proxies = find_proxies(flows, ends, topology, requests, shown_by_rows(flows, requests, captured, tunnels))
    route = np.full(flows.num_rows, -1, dtype=np.int64)
    route[can_be_direct(flows, ends)] = DIRECT
    route[proxies.serving | proxies.asked] = PROXY
    route[proxies.asking] = UPSTREAM
    hello = hello_codes(flows)
    copy = copies_of(flows, ends, requests, captured, hello, proxies.asking)
    leg = client_leg_of(flows, ends, hello, to_proxy=route == PROXY, beyond=(route == UPSTREAM) | (route == DIRECT))
    leg = np.where((leg >= 0) & (copy[leg] >= 0), copy[leg], leg)
    egress = egress_of(flows, ends, requests, leg, (route == DIRECT) & (copy < 0), (route == PROXY) & (copy < 0))
    egress = {client: proxies for client, proxies in egress.items() if topology.workstation_name(ends.addresses[client]) is None}
    route[(leg >= 0) | ((route == DIRECT) & (copy < 0) & np.isin(ends.client, list(egress)))] = UPSTREAM
    beyond = (route == UPSTREAM) & (leg < 0) & (copy < 0)
    taken, fetched_for = first_leg_of(flows, ends, hello, (route == DIRECT) & (copy < 0), beyond)
    second = np.maximum(taken, fetched_for)
    route[(second >= 0) | ((route == DIRECT) & np.isin(ends.client, _transparent(ends, second, topology)))] = UPSTREAM
    leg = np.maximum(leg, taken)
    known = as_proxies(ends, egress)
    opened, other = opened_tunnels(flows, known, requests, leg, route == PROXY, route == UPSTREAM)
    tunnel = np.where(leg >= 0, leg, np.where(other >= 0, other, fetched_for))
    legs = np.flatnonzero(tunnel >= 0)
    carried, asked = fetches(flows, known, requests, (route == PROXY) & (copy < 0), (route == UPSTREAM) & (copy < 0))
    columns = {
        "route": _texts(route, list(ROUTES)),
        "direct_outcome": _texts(direct_outcomes(flows, ends, captured, route == DIRECT), list(DIRECT_OUTCOMES)),
        "same_as": _ids(flows, copy),
        **_proxy_columns(ends, proxies, route),
        "hidden": array(hidden_flows(flows, captured, proxies.serving), route != PROXY),
        **pair_columns(flows, np.concatenate([legs, carried]), np.concatenate([tunnel[legs], asked])),
        "inspected": _inspected(leg, opened),
    }
    for name, column in columns.items():
        index = flows.schema.get_field_index(name)
        flows = flows.set_column(index, flows.schema.field(index), column)
    return with_outcomes(flows, outcomes_of(flows, ends, requests, captured, tunnels))


def _transparent(ends: Ends, second: Ints, topology: Topology) -> list[int]:
    """Codes of the transparent proxies' addresses, except those that the topology names as workstations."""
    return [code for code in relay_addresses(ends, second).tolist() if topology.workstation_name(ends.addresses[code]) is None]


def _texts(codes: Ints, values: list[str | None]) -> pa.Array:
    """A string array from codes into values; null where the code is -1 or the value None."""
    indices = array(codes.astype(np.int64), codes < 0)
    if indices.null_count == len(indices) or not any(values):
        return all_null(len(indices), pa.string())
    return pa.array(values, pa.string()).take(indices)


def _proxy_columns(ends: Ends, proxies: Proxies, route: Ints) -> dict[str, pa.Array]:
    all_asked = proxies.at | {end: (address, None) for end, address in proxies.others.items()}
    known = np.array(sorted(all_asked), dtype=np.int64)
    applies: Bools = (proxies.serving | proxies.asked) & (route != DIRECT)
    codes = np.full(len(route), -1, dtype=np.int64)
    codes[applies] = np.searchsorted(known, ends.server_end[applies])
    named = [all_asked[end] for end in known.tolist()]
    return {
        "proxy": _texts(codes, [address for address, _ in named]),
        "proxy_name": _texts(codes, [entry.name if entry else None for _, entry in named]),
        "method": _texts(codes, [entry.method if entry else None for _, entry in named]),
    }


def _ids(flows: pa.Table, rows: Ints) -> pa.Array:
    """The ids of these rows; null for -1."""
    taken = array(rows, rows < 0)
    return all_null(len(rows), pa.string()) if taken.null_count == len(rows) else one_array(flows.column("id")).take(taken)


def _inspected(leg: Ints, opened: Bools) -> pa.Array:
    """The column inspected, from the legs of untouched tunnels and the flows of opened ones."""
    return array(opened, ~opened & (_with_client_legs(leg) < 0))


def _with_client_legs(leg: Ints) -> Ints:
    """The client leg of each leg, with each client leg's own row in its place."""
    own = leg.copy()
    own[leg[leg >= 0]] = leg[leg >= 0]
    return own
