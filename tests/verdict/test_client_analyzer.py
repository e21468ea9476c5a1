"""The Client Analyzer's own traffic: known by the study's word or by its shape, and left out with figures; nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

import analyzer
from analyzer.verdict.client_analyzer import CHAIN_NS, run_findings, set_aside
from tests.conftest import ROOT
from tests.studies.laboratory import SECOND, at, evidence, tunnel
from tests.verdict.rows import EDGE, PROX01, PROX02, PROX03, flow, verdict

WEU, CYBER, BLOB, MAPS = (
    "winatp-gw-weu.microsoft.com",
    "eu-v20.events.data.microsoft.com",
    "automatedirstrprdweu.blob.core.windows.net",
    "wdcp.microsoft.com",
)
HOSTS = (WEU, CYBER, BLOB, MAPS)


def probe(host: str, second: float) -> list[dict[str, Any]]:
    """What testing one URL looks like where only proxies are let out."""
    return [
        tunnel(PROX01, host, second, lasts=0.2),
        tunnel(PROX01, host, second + 0.3, lasts=0.2),
        flow(first_seen=at(second + 0.6), last_seen=at(second + 3.6), state="no-answer"),
    ]


def run(start: float = 50, step: float = 4, hosts: tuple[str, ...] = HOSTS) -> list[dict[str, Any]]:
    return [row for number, host in enumerate(hosts) for row in probe(host, start + number * step)]


OWN = [tunnel(PROX01, host, 5 + 4 * number) for number, host in enumerate((WEU, CYBER, MAPS, WEU, CYBER))]


def test_a_run_is_known_by_its_shape_and_left_out() -> None:
    whole = evidence(*OWN, *run())
    without, (found,) = set_aside(whole)
    assert without.flows.num_rows == len(OWN)
    assert (found.how, found.requests, len(found.rows)) == ("shape", 8, 12)
    assert found.start == at(50) and at(62) < found.end <= at(66)


def test_the_finding_has_the_figures_with_and_without() -> None:
    whole = evidence(*OWN, *run())
    without, runs = set_aside(whole)
    (finding,) = run_findings(whole, without, runs)
    assert (finding.code, finding.confidence, finding.client_ips, len(finding.flows)) == (
        "client-analyzer-run",
        "likely",
        ("172.16.11.92",),
        12,
    )
    assert finding.text.endswith(
        "8 requests and 4 direct attempts are left out of the verdict. Without it 5 Defender requests were carried and 0 failed, "
        "with it 13 and 0; direct attempts: 0, with it 4"
    )


def test_the_plain_verdict_leaves_it_out_too() -> None:
    document = verdict(*OWN, *run())
    assert [finding["code"] for finding in document["findings"] if finding["code"].startswith(("client", "direct"))] == [
        "client-analyzer-run"
    ]
    assert document["direct"]["blocked"] == []
    assert sum(part["tunnels"] for plane in document["sources"][0]["planes"] for part in plane["by_proxy"]) == 5


def test_a_window_is_the_persons_word() -> None:
    rows = [*OWN, tunnel(PROX02, EDGE, 52), tunnel(PROX01, WEU, 52), flow(first_seen=at(53), state="no-answer"), tunnel(PROX01, WEU, 61)]
    whole = evidence(*rows)
    without, (found,) = set_aside(whole, [(at(50), at(60))])
    assert (found.how, found.start, found.end, len(found.rows)) == ("study", at(50), at(60), 2), "the user's own traffic stays"
    (finding,) = run_findings(whole, without, [found])
    assert finding.confidence == "certain" and "as the study says" in finding.text
    assert set_aside(whole, [(at(500), at(600))])[1] == []


@pytest.mark.parametrize(
    "rows",
    [
        [*OWN],
        run(hosts=HOSTS[:2]),  # too few hosts
        run(hosts=(WEU, "winatp-gw-neu.microsoft.com", "winatp-gw-cus.microsoft.com")),  # one group
        [row for row in run() if row["requests"]],  # nothing went past the proxies
        [row for number, row in enumerate(run()) if number % 3 != 1],  # each asked for once
        run(step=CHAIN_NS / SECOND + 10),  # too far apart for one run
        run(hosts=(EDGE, "ntp.msn.com", "www.contoso.com", "www.example.org")),  # none of its hosts
    ],
)
def test_what_is_no_run(rows: list[dict[str, Any]]) -> None:
    whole = evidence(*rows)
    assert set_aside(whole) == (whole, [])


def test_each_source_and_each_run_is_its_own() -> None:
    other = [row | {"client_ip": "172.16.11.93"} for row in run(60)]
    later = run(400)
    _, runs = set_aside(evidence(*run(), *other, *later))
    assert sorted((found.start, len(found.rows)) for found in runs) == [(at(50), 12), (at(60), 12), (at(400), 12)]


def by_every_proxy(
    start: float = 50, hosts: tuple[str, ...] = HOSTS, proxies: tuple[str, ...] = (PROX01, PROX02, PROX03)
) -> list[dict[str, Any]]:
    """What a run looks like where several proxies are set and every one lets it through; direct attempts weren't captured."""
    return [
        tunnel(proxy, host, start + 4 * number + 0.3 * turn, lasts=0.2)
        for number, host in enumerate(hosts)
        for turn, proxy in enumerate(proxies)
    ]


def test_a_run_over_several_proxies_is_known_by_their_order() -> None:
    own = [tunnel(PROX03, host, 5 + 4 * number) for number, host in enumerate((WEU, CYBER, MAPS, WEU, CYBER))]
    without, (found,) = set_aside(evidence(*own, *by_every_proxy()))
    assert (without.flows.num_rows, found.requests) == (len(own), 12)
    assert set_aside(evidence(*reversed(by_every_proxy()), *own))[1][0].requests == 12, "in whatever order the rows are"
    document = verdict(*own, *by_every_proxy())
    assert document["groups"][0]["answer"] == "PROX03 (static) won for sensor and antivirus"
    (said,) = [finding["text"] for finding in document["findings"] if finding["code"] == "client-analyzer-run"]
    assert "hosts of its list asked for of PROX01, PROX02 and PROX03 in turn" in said


def test_what_is_asked_last_of_the_named_proxy_is_the_runs_too() -> None:
    rows = [row for number, host in enumerate(HOSTS) for row in [*probe(host, 50 + 40 * number), tunnel(PROX03, host, 54 + 40 * number)]]
    without, (found,) = set_aside(evidence(*OWN, *rows))
    assert (without.flows.num_rows, len(found.rows)) == (len(OWN), 16)


@pytest.mark.parametrize(
    "rows",
    [
        by_every_proxy(hosts=HOSTS[:3]),  # too few hosts
        by_every_proxy(proxies=(PROX01,)),
        [row for number, row in enumerate(by_every_proxy()) if number not in (2, 4, 6, 11)],  # another order each time
        by_every_proxy(hosts=HOSTS[:2] + HOSTS[:2]),  # balanced: the same hosts again
        [tunnel(PROX01, host, 50 + 4 * n, status=407) for n, host in enumerate(HOSTS)]
        + [tunnel(PROX03, host, 50.3 + 4 * n) for n, host in enumerate(HOSTS)],  # it falls back
        [tunnel((PROX01, PROX03)[n % 2], HOSTS[n % 4], 50 + n) for n in range(40)],  # by turns
    ],
)
def test_what_asks_several_proxies_and_is_no_run(rows: list[dict[str, Any]]) -> None:
    whole = evidence(*OWN, *rows)
    assert set_aside(whole) == (whole, [])


@pytest.mark.parametrize("name", ["T1-winhttp", "T2-winhttp-wininet", "T3b-wininet-user", "T4-static", "T5-all-three"])
def test_the_sensor_at_work_is_no_run(name: str) -> None:
    document = analyzer.read(ROOT / "captures" / f"{name}.pcapng", topology=ROOT / "captures" / "topology.toml").verdict.to_dict()
    assert "client-analyzer-run" not in {finding["code"] for finding in document["findings"]}


@pytest.mark.parametrize("interrupted", [0, 1, 2, 3])
@pytest.mark.parametrize("proxies", [(PROX01, PROX02, PROX03), (PROX01, PROX01)])
def test_a_sensor_that_asks_in_the_midst_of_a_probe_takes_it_from_no_run(interrupted: int, proxies: tuple[str, ...]) -> None:
    """What it asks for itself stays, and every host of the run is left out, the first and the last one too."""
    hosts = (*HOSTS, "europe.cp.wd.microsoft.com", "us-v20.events.data.microsoft.com", "winatp-gw-cus.microsoft.com")
    which = (0, 2, 4, len(hosts) - 1)[interrupted]
    rows = by_every_proxy(hosts=hosts, proxies=proxies)
    direct = [flow(first_seen=at(51 + 4 * n), last_seen=at(52 + 4 * n), state="no-answer") for n in range(len(hosts))]
    own = tunnel(PROX03, "winatp-gw-neu.microsoft.com", 50 + 4 * which + 0.15)
    without, (found,) = set_aside(evidence(*OWN, *rows, *direct, own))
    assert (without.flows.num_rows, found.requests) == (len(OWN) + 1, len(rows))
    assert without.flows["host"].to_pylist().count("winatp-gw-neu.microsoft.com") == 1
