"""The proposed file: it loads again, says no more than was seen, and changes no winner."""

from __future__ import annotations

import tomllib
from typing import Any

import pyarrow as pa
import pytest

from analyzer.pipeline import Reading, judge
from analyzer.proposal.draft import draft, names_of, split_end
from analyzer.reading import read
from analyzer.routes.discovery import Discovery
from analyzer.routes.topology import Topology, load_topology, topology_from
from analyzer.services.catalogue import load_catalogue
from analyzer.tables import LOOKUP_SCHEMA
from tests.conftest import ROOT
from tests.report.verdicts import HOSTILE

LABORATORY = sorted(path.stem for path in (ROOT / "captures").glob("T*.pcapng"))
PROXY_KEYS = ("[[proxy]]", "name", "address", "port")


def verdict(**more: Any) -> dict[str, Any]:
    """A verdict without traffic."""
    return {"proxies": [], "sources": [], "direct": {"allowed": [], "blocked": [], "unknown": []}} | more


def proxy(end: str, *kinds: str, **more: int) -> dict[str, Any]:
    """A proxy of the verdict."""
    return {"proxy": end, "kinds": list(kinds), "requests": 3, "sources": 1, "failed": 0, "hidden": 0} | more


def loaded(text: str) -> Topology:
    return topology_from(tomllib.loads(text), "proposed")


def uncommented(text: str, *keys: str) -> str:
    """The file as it is once a person took the # off the lines that begin so."""
    return "\n".join(line[2:] if line.startswith(tuple(f"# {key}" for key in keys)) else line for line in text.splitlines())


def test_what_works_is_an_entry_and_what_never_answered_is_none() -> None:
    found = [proxy("10.0.0.1:3128", "connect"), proxy("10.0.0.2:8080", "asked", hidden=2), proxy("[2001:db8::1]:80", "socks5")]
    text = draft(verdict(proxies=found))
    assert [(one.name, str(one.network), one.port, one.methods) for one in loaded(text).proxies] == [
        ("PROXY01", "10.0.0.1/32", 3128, ()),
        ("PROXY02", "2001:db8::1/128", 80, ()),
    ]
    assert '# address = "10.0.0.2"' in text and "never answered" in text and "2 TLS connections that show no request" in text
    assert [one.port for one in loaded(uncommented(text, *PROXY_KEYS)).proxies] == [3128, 80, 8080]


def test_hidden_connections_and_failures_are_told() -> None:
    text = draft(verdict(proxies=[proxy("10.0.0.1:3128", "connect", failed=2, hidden=4)]))
    assert "connect: 3 requests of 1 source, 2 failed; 4 TLS connections to it that show no request" in text


def test_without_traffic_it_is_an_example() -> None:
    text = draft(verdict())
    assert loaded(text) == Topology() and "No address was seen to work as a proxy" in text
    example = loaded(uncommented(text, *PROXY_KEYS, "method", "policy"))
    assert example.policy == "proxies-only" and example.proxies[0].methods == ("winhttp",)


@pytest.mark.parametrize(
    ("blocked", "allowed", "told"),
    [
        (2, 0, "guess: 3 connections past the proxies were blocked, none was answered"),
        (1, 1, "not so here: 2 connections past the proxies got an answer"),
        (0, 0, "direct traffic is expected to be blocked; none was seen here"),
    ],
)
def test_what_the_gateway_does(blocked: int, allowed: int, told: str) -> None:
    flows = [{"flows": ["a"]}, {"flows": ["b", "c"]}]
    direct = {"blocked": flows[:blocked], "allowed": flows[1 : 1 + allowed], "unknown": []}
    assert f'# policy = "proxies-only"       # {told}' in draft(verdict(direct=direct))


def test_names_that_resolvers_gave_are_comments_and_inert() -> None:
    answers = [("prox01.example.", ["10.0.0.1", "10.0.0.9"]), (HOSTILE, ["10.0.0.1"]), ("no.example", []), ("prox01.example", ["10.0.0.1"])]
    columns = {"name": [name for name, _ in answers], "answers": [found for _, found in answers]}
    arrays = [pa.array(columns.get(field.name, [None] * len(answers)), field.type) for field in LOOKUP_SCHEMA]
    lookups = pa.table(arrays, schema=LOOKUP_SCHEMA)
    assert names_of(lookups) == {"10.0.0.1": ["prox01.example", HOSTILE], "10.0.0.9": ["prox01.example"]}
    source = {"client_ip": "10.0.0.9", "client_ips": ["10.0.0.9"], "defender": "seen", "talk": [], "planes": [], "services": []}
    pac = Discovery("10.0.0.9", proxies={"PROX01.example:3128": None})
    text = draft(verdict(proxies=[proxy("10.0.0.1:3128", "connect")], sources=[source]), lookups, [pac], [HOSTILE])
    assert all(line.isprintable() for line in text.splitlines())
    assert '# name = "prox01.example"  # as a resolver answered' in text
    assert '# method = "pac"' in text and "a PAC file names it" in text
    assert [one.name for one in loaded(text).proxies] == ["PROXY01"]
    machine = text[text.index("# [[workstation]]") :]
    (named,) = loaded(uncommented(machine, "[[workstation]]", "name", "address")).workstations
    assert (named.name, str(named.network)) == ("prox01.example", "10.0.0.9/32")


def test_sources_without_anything_are_counted() -> None:
    silent = [{"client_ip": f"10.0.0.{n}", "client_ips": [f"10.0.0.{n}"], "defender": "not-seen", "talk": []} for n in (1, 2)]
    text = draft(verdict(sources=silent))
    assert "2 more sources asked no proxy and for no host of Defender's." in text and "[[workstation]]" not in text


def test_ends_come_apart() -> None:
    assert split_end("10.0.0.1:3128") == ("10.0.0.1", 3128) and split_end("[2001:db8::1]:80") == ("2001:db8::1", 80)


def answers_of(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Who was asked and who won, for each source, service and plane."""
    return [
        (source["client_ip"], row.get("service"), row["plane"], row["asked"], row["winner"], row["confidence"], row["outcome"])
        for source in document["sources"]
        for row in (*source["services"], *source["planes"])
    ]


@pytest.mark.parametrize("name", LABORATORY)
def test_the_laboratorys_proposals_change_no_winner_and_guess_no_wrong_method(name: str) -> None:
    capture, catalogue = str(ROOT / "captures" / f"{name}.pcapng"), load_catalogue(())

    def reading(topology: Topology) -> Reading:
        return read([capture], topology=topology, catalogue=catalogue, digests=False)

    first = reading(Topology())
    before = judge(first)
    text = draft(before, first.lookups, first.discoveries, [capture])
    assert bool(before["proxies"]) == (name != "T3a-wininet-no-user")  # while no user is logged on, no program asks a proxy
    assert len(loaded(text).proxies) == sum(one["kinds"] not in ([], ["asked"]) for one in before["proxies"])
    assert answers_of(judge(reading(loaded(text)))) == answers_of(before)
    truth = load_topology(ROOT / "captures" / "topology.toml")
    guessed = uncommented(text, "method") if before["proxies"] else text
    for one in loaded(guessed).proxies:
        known = truth.proxy_at(str(one.network.network_address), one.port or 0)
        assert known is not None and (set(known.methods) & set(one.methods) or f"it may be {known.method} as well" in text), (one, known)
