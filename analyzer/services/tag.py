"""Fills the service columns of the flow table. Every distinct host is matched once, however many flows and requests have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import all_null, array, zeros
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import NOTHING, Match, has_path_rule, match_host
from analyzer.tables import FLOW_SCHEMA, REQUEST

_COLUMNS: dict[str, Callable[[Match], Any]] = {
    "service": lambda match: match.service,
    "service_group": lambda match: match.group,
    "service_rule": lambda match: match.rule,
    "service_evidence": lambda match: match.evidence,
    "service_also": lambda match: match.also,
    "service_possible": lambda match: match.possible,
    "plane": lambda match: match.plane,
}


class Tags(NamedTuple):
    """The service columns of the flow table, and the service fields of its requests, flat."""

    columns: dict[str, pa.Array]
    of_requests: dict[str, pa.Array]


def tag_flows(flows: pa.Table, catalogue: Catalogue) -> pa.Table:
    """The flow table with service, service_group, service_rule, service_evidence, service_also, service_possible, plane, and the service,
    service_rule, service_evidence and plane of each of `requests`, filled.

    A flow is matched by its `host`, each request by its own host and path. A path rule is matched with the path of the flow's first
    absolute-form request, where `host` was read from that request (host_source absolute or http), else with `http_path`, where `http_host`
    is that host (a plain request past the proxies or inside a tunnel).
    """
    return with_tags(flows, tags_of(flows, catalogue))


def tags_of(flows: pa.Table, catalogue: Catalogue) -> Tags:
    """The columns that tag_flows fills; other stages may fill theirs at the same time."""
    requests = _column(flows, "requests")
    rows = requests.flatten()
    hosts = pa.concat_arrays([_column(flows, "host"), rows.field("host")])
    paths = pa.concat_arrays([rows.field("path"), _column(flows, "http_path")])
    asked = np.where(_is_valid(rows.field("path")), np.arange(len(rows)), -1)
    matches, which = _match_all(catalogue, hosts, paths, np.concatenate([_path_of_flow(flows, requests), asked]))
    of_flow, of_request = array(which[: len(flows)]), array(which[len(flows) :])

    def column_of(name: str, kind: pa.DataType, of: pa.Array) -> pa.Array:
        values = list(map(_COLUMNS[name], matches))
        return pa.array(values, kind).take(of) if any(values) else _empty(kind, len(of))

    columns = {name: column_of(name, FLOW_SCHEMA.field(name).type, of_flow) for name in _COLUMNS}
    return Tags(columns, {field.name: column_of(field.name, field.type, of_request) for field in REQUEST if field.name in _COLUMNS})


def with_tags(flows: pa.Table, tags: Tags) -> pa.Table:
    """The flow table with these columns, and these fields of its requests."""
    for name, column in tags.columns.items():
        flows = _replaced(flows, name, column)
    requests = _column(flows, "requests")
    rows = requests.flatten()
    filled = [tags.of_requests[field.name] if field.name in tags.of_requests else rows.field(field.name) for field in REQUEST]
    asked = pa.StructArray.from_arrays(filled, fields=list(REQUEST))
    return _replaced(flows, "requests", pa.ListArray.from_arrays(_offsets(requests), asked))


def _empty(kind: pa.DataType, n: int) -> pa.Array:
    """n nulls, or n empty lists."""
    if not pa.types.is_list(kind):
        return all_null(n, kind)
    offsets = pa.Array.from_buffers(pa.int32(), n + 1, [None, zeros(4 * (n + 1))], 0)
    return pa.ListArray.from_arrays(offsets, all_null(0, kind.value_type))


def _column(flows: pa.Table, name: str) -> pa.Array:
    column = flows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _replaced(flows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return flows.set_column(flows.schema.get_field_index(name), FLOW_SCHEMA.field(name), values)


def _offsets(lists: pa.ListArray) -> pa.Array:
    """Offsets that start at 0 and fit lists.flatten(); a null list becomes an empty one."""
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    return array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _is_valid(values: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    valid: np.ndarray[Any, np.dtype[np.bool_]] = values.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _path_of_flow(flows: pa.Table, requests: pa.ListArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """int64[n_flows]: index of the path of each flow's host in the paths of all requests followed by those of all flows; -1: not seen."""
    rows = requests.flatten()
    place = np.full(len(flows), -1, np.int64)
    plain = np.flatnonzero(_is_valid(_column(flows, "http_path")))
    host, asked = (_column(flows, name).take(array(plain)) for name in ("host", "http_host"))
    same = pc.equal(pc.utf8_rtrim(pc.utf8_lower(asked), "."), host).fill_null(False).to_numpy(zero_copy_only=False)
    place[plain[same]] = len(rows) + plain[same]
    # The first absolute-form request of each flow, with or without a known path: assigned in reverse, so that the first one stays.
    absolute = np.flatnonzero(pc.equal(rows.field("kind"), "absolute").fill_null(False).to_numpy(zero_copy_only=False))[::-1]
    first = np.full(len(flows), -1, np.int64)
    first[pc.list_parent_indices(requests).to_numpy()[absolute]] = absolute
    fetched = np.flatnonzero(first >= 0)
    source = _column(flows, "host_source").take(array(fetched))
    by_request = pc.is_in(source, value_set=pa.array(["absolute", "http"])).to_numpy(zero_copy_only=False)
    known = _is_valid(rows.field("path").take(array(first[fetched])))
    place[fetched[by_request & known]] = first[fetched[by_request & known]]
    return place


def _codes(values: pa.Array) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[str | None]]:
    """int64[n] and the text of each code; the last code is null's."""
    encoded = values.dictionary_encode()
    meanings = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(len(meanings)).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), [*meanings, None]


def _match_all(
    catalogue: Catalogue, hosts: pa.Array, paths: pa.Array, path_of: np.ndarray[Any, np.dtype[np.int64]]
) -> tuple[list[Match], np.ndarray[Any, np.dtype[np.int64]]]:
    """The distinct matches, and for each (hosts[i], paths[path_of[i]], -1: none) the index of its match.

    There are no more distinct matches than rules, so columns are built from few values. The path is used only for hosts with a path rule: a
    client that fetches thousands of files costs one match.
    """
    matches: list[Match] = [NOTHING]
    numbers: dict[tuple[int, ...], int] = {}

    def number(host: str | None, path: str | None) -> int:
        match = match_host(catalogue, host, path)
        if match is NOTHING:
            return 0
        known = numbers.setdefault(_identity(match), len(matches))
        if known == len(matches):
            matches.append(match)
        return known

    host_codes, names = _codes(hosts)
    which = np.array([number(name, None) for name in names])[host_codes]
    at = np.flatnonzero(path_of >= 0)
    decisive = np.zeros(len(names), bool)
    for code in np.flatnonzero(np.bincount(host_codes[at])).tolist():
        decisive[code] = has_path_rule(catalogue, names[code])
    at = at[decisive[host_codes[at]]]
    path_codes, known_paths = _codes(paths.take(array(path_of[at])))
    pairs = array(host_codes[at].astype(np.int64) * len(known_paths) + path_codes).dictionary_encode()
    answers = [number(names[pair // len(known_paths)], known_paths[pair % len(known_paths)]) for pair in pairs.dictionary.to_pylist()]
    which[at] = np.array(answers, np.int64)[np.asarray(pairs.indices)]
    return matches, which


def _identity(match: Match) -> tuple[int, ...]:
    """Identifies the match by its rows' ids: hashing a rule's twenty fields costs more than matching."""
    return tuple(map(id, match))
