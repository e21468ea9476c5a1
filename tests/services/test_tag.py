"""The service columns of the flow table: the same answers as host by host, with no more work than there are names."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.services import tag
from analyzer.services.catalogue import load_catalogue
from analyzer.services.match import Match, match_host
from analyzer.tables import FLOW_SCHEMA

CATALOGUE = load_catalogue()
SERVICES = [column.name for column in FLOW_SCHEMA if column.name.startswith("service")] + ["plane"]


def flows(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{"service_also": [], "requests": [], **row} for row in rows], schema=FLOW_SCHEMA)


def request(host: str | None, path: str | None = None, kind: str | None = None) -> dict[str, Any]:
    return {"kind": kind or ("absolute" if path else "connect"), "host": host, "port": 443, "path": path, "status": 200}


def tagged(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return tag.tag_flows(flows(*rows), CATALOGUE).to_pylist()


def test_a_flow_is_filled_by_its_host() -> None:
    [row] = tagged({"host": "edr-weu.eu.endpoint.security.microsoft.com", "host_source": "connect", "id": "0123456789abcdef"})
    assert {name: row[name] for name in SERVICES} == {
        "service": "edr-command-and-control",
        "service_group": "edr",
        "service_rule": "edr-weu.eu.endpoint.security.microsoft.com",
        "service_evidence": "own",
        "service_also": ["edr-sample-storage"],
        "service_possible": None,
        "plane": "sensor",
    }
    assert row["id"] == "0123456789abcdef"


def test_shared_unknown_and_missing_hosts() -> None:
    shared, unknown, missing = tagged({"host": "login.live.com"}, {"host": "www.contoso.example"}, {"host": None})
    assert (shared["service"], shared["service_possible"], shared["plane"]) == (None, "push-notifications", None)
    for row in (unknown, missing):
        assert [row[name] for name in SERVICES] == [None, None, None, None, [], None, None]


def test_each_request_has_its_own_service() -> None:
    asked = [
        request("WDCP.Microsoft.com"),
        request("edge.microsoft.com"),
        request("www.microsoft.com", "/pkiops/a.crl"),
        request("winatp-gw-swn.microsoft.com"),
        request(None),
    ]
    [row] = tagged({"host": "wdcp.microsoft.com", "host_source": "connect", "requests": asked})
    filled = ("service", "plane", "service_rule", "service_evidence")
    assert [tuple(one[name] for name in filled) for one in row["requests"]] == [
        ("cloud-protection", "antivirus", "wdcp.microsoft.com", "own"),
        (None, "user", None, None),
        ("certificate-trust", "system", "www.microsoft.com", "platform"),
        ("edr-command-and-control", "sensor", "winatp-gw-*.microsoft.com", "own"),
        (None, None, None, None),
    ]
    for one, sent in zip(row["requests"], asked, strict=True):
        assert {name: value for name, value in one.items() if value is not None and name not in filled} == {
            name: value for name, value in sent.items() if value is not None
        }


def test_a_path_rule_sees_the_first_absolute_path_of_the_host() -> None:
    first = [request("www.microsoft.com", "/pki/a.crl"), request("www.microsoft.com", "/en-us/")]
    [row] = tagged({"host": "www.microsoft.com", "host_source": "absolute", "requests": first})
    assert row["service"] == "certificate-trust"
    assert [one["service"] for one in row["requests"]] == ["certificate-trust", None]
    [row] = tagged({"host": "www.microsoft.com", "host_source": "absolute", "requests": first[::-1]})
    assert row["service"] is None


def test_a_path_asked_of_another_host_is_not_the_flows() -> None:
    asked = [request("ocsp.contoso.example", "/pki/a.crl"), request("www.microsoft.com")]
    [row] = tagged({"host": "www.microsoft.com", "host_source": "connect", "requests": asked})
    assert row["service"] is None


@pytest.mark.parametrize(
    ("host_source", "http_host", "path", "service"),
    [
        ("http", "WWW.Microsoft.com.", "/pkiops/crl/a.crl", "certificate-trust"),  # past the proxies
        ("connect", "www.microsoft.com", "/pkiops/crl/a.crl", "certificate-trust"),  # inside a tunnel to port 80
        ("connect", "other.example", "/pkiops/crl/a.crl", None),
        ("http", "www.microsoft.com", "/en-us/", None),
        ("http", "www.microsoft.com", None, None),
        ("connect", None, "/pkiops/crl/a.crl", None),
    ],
)
def test_a_plain_requests_path_counts_for_its_host(host_source: str, http_host: str | None, path: str | None, service: str | None) -> None:
    [row] = tagged({"host": "www.microsoft.com", "host_source": host_source, "http_host": http_host, "http_path": path})
    assert (row["service"], row["service_evidence"]) == (service, "platform" if service else None)


def test_the_first_absolute_path_stands_before_the_plain_one() -> None:
    asked = [request("www.microsoft.com", "/en-us/")]
    row = {"host": "www.microsoft.com", "host_source": "absolute", "http_host": "www.microsoft.com", "http_path": "/pki/a.crl"}
    assert tagged({**row, "requests": asked})[0]["service"] is None


def test_an_empty_table_and_one_of_several_chunks_keep_the_schema() -> None:
    for table in (FLOW_SCHEMA.empty_table(), pa.concat_tables([flows({"host": "wdcp.microsoft.com"}), flows({"host": None})])):
        filled = tag.tag_flows(table, CATALOGUE)
        assert filled.schema.equals(FLOW_SCHEMA, check_metadata=True)
        filled.validate(full=True)
        assert len(filled) == len(table)


HOSTS = ["www.microsoft.com", "WWW.microsoft.com", "x.wd.microsoft.com", "a.blob.core.windows.net", "edge.microsoft.com", "a.example", None]
PATHS = ["/pki/a", "/security/encyclopedia/adlpackages.aspx", "/networkscannerstable/a", "/", None]
requests = st.builds(request, st.sampled_from(HOSTS), st.sampled_from(PATHS), st.sampled_from(["connect", "absolute"]))
rows = st.fixed_dictionaries(
    {
        "host": st.sampled_from([host.lower() if host else None for host in HOSTS]),
        "host_source": st.sampled_from(["connect", "absolute", "http", None]),
        "requests": st.lists(requests, max_size=3) | st.none(),
    }
)


@given(st.lists(rows, max_size=8), st.integers(0, 3))
def test_the_table_agrees_with_host_by_host(given_rows: list[dict[str, Any]], skipped: int) -> None:
    filled = tag.tag_flows(flows(*given_rows).slice(skipped), CATALOGUE).to_pylist()
    for row, asked in zip(filled, given_rows[skipped:], strict=True):
        absolute = [one["path"] for one in asked["requests"] or [] if one["kind"] == "absolute"]
        path = absolute[0] if absolute and asked["host_source"] in ("absolute", "http") else None
        match = match_host(CATALOGUE, asked["host"], path)
        assert [row[name] for name in SERVICES] == [
            match.service,
            match.group,
            match.rule,
            match.evidence,
            list(match.also),
            match.possible,
            match.plane,
        ]
        for one, sent in zip(row["requests"], asked["requests"] or [], strict=True):
            alone = match_host(CATALOGUE, sent["host"], sent["path"])
            assert (one["service"], one["plane"]) == (alone.service, alone.plane)
            assert (one["service_rule"], one["service_evidence"]) == (alone.rule, alone.evidence)
            assert (one["host"], one["path"], one["status"]) == (sent["host"], sent["path"], 200)


def test_work_grows_with_names_and_not_with_flows_or_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: 20,000 flows of 20 hosts, each with a path of its own, match 20 hosts once."""
    calls: list[str | None] = []

    def counted(catalogue: Any, host: str | None, path: str | None = None) -> Match:
        calls.append(host)
        return match_host(catalogue, host, path)

    monkeypatch.setattr(tag, "match_host", counted)
    hosts = [f"h{number % 20}.wd.microsoft.com" for number in range(20_000)]
    table = flows(*({"host": host, "host_source": "absolute", "requests": [request(host, f"/{i}")]} for i, host in enumerate(hosts)))
    filled = tag.tag_flows(table, CATALOGUE)
    assert filled.column("service").value_counts().to_pylist() == [{"values": "cloud-protection", "counts": 20_000}]
    assert len(calls) <= 21 and set(calls) - {None} == set(hosts)
