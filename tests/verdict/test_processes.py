"""Which process used which proxy: shown where the capture names it, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tests.build as build
from analyzer.cli.run import run
from tests.build import wrappings
from tests.build.netmon import Record, netmon, process
from tests.flows.test_labels import commented
from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX03, flow, tunnel, verdict

SENSE, BROWSER = "MsSense.exe (2312)", "msedge.exe (77)"


def test_each_process_with_its_proxy_and_services() -> None:
    (source,) = verdict(
        tunnel(PROX03, CNC, process=SENSE),
        tunnel(PROX03, CNC, process=SENSE),
        tunnel(PROX03, MAPS, process="MsMpEng.exe (9)"),
        tunnel(PROX01, EDGE, process=BROWSER),
        tunnel(PROX01, EDGE),
        flow(host=CNC, sni=CNC, process=SENSE),
        flow(host="intranet.example", process=BROWSER),
    )["sources"]
    told = [(row["process"], row["name"], row["flows"], row["services"]) for row in source["processes"]]
    assert told == [
        (BROWSER, "PROX01", 1, []),
        (SENSE, "PROX03", 2, ["edr-command-and-control"]),
        ("MsMpEng.exe (9)", "PROX03", 1, ["cloud-protection"]),
        (SENSE, None, 1, ["edr-command-and-control"]),
    ]


def test_nothing_is_told_where_no_process_is_known() -> None:
    (source,) = verdict(tunnel(PROX03, CNC))["sources"]
    assert source["processes"] == []


def conversation(port: int, host: str) -> list[tuple[int, bytes]]:
    talk = build.Conversation(client=("172.16.11.92", port), server=("172.16.12.12", 3128))
    talk.handshake().send_client(build.connect(f"{host}:443")).send_server(build.ESTABLISHED).send_client(build.client_hello(host))
    return [(ts, frame) for ts, frame, *_ in talk.send_server(build.server_hello()).close().frames]


TALKS = {40_001: (b"MsSense.exe", 2312, CNC), 40_002: (b"MsMpEng.exe", 9, MAPS)}


def by_pktap() -> bytes:
    told = [(name, pid, ts, frame) for port, (name, pid, host) in TALKS.items() for ts, frame in conversation(port, host)]
    frames = [(ts, wrappings.pktap(frame, name=name, pid=pid)) for name, pid, ts, frame in told]
    return build.pcap(frames, link_type=258, nanosecond=True)


def by_comments() -> bytes:
    """As etl2pcapng writes them: numbers alone."""
    blocks = [commented(f, ts, b"PID=%d" % pid) for port, (_, pid, host) in TALKS.items() for ts, f in conversation(port, host)]
    return build.section_header() + build.interface() + b"".join(blocks)


def by_netmon() -> bytes:
    records = [Record(ts, f, 1, i) for i, (port, (*_, host)) in enumerate(TALKS.items()) for ts, f in conversation(port, host)]
    return netmon(records, processes=[process(f"C:\\x\\{name.decode()}", pid) for name, pid, _ in TALKS.values()])


@pytest.mark.parametrize(("made", "names"), [(by_pktap, True), (by_comments, False), (by_netmon, True)])
def test_from_the_capture_to_every_output(made: object, names: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "capture"
    path.write_bytes(made())  # type: ignore[operator]
    assert run(["report", str(path), "--json", "--quiet"]) == 0
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    wanted = [("MsMpEng.exe (9)", "cloud-protection"), ("MsSense.exe (2312)", "edr-command-and-control")]
    wanted = wanted if names else [("2312", "edr-command-and-control"), ("9", "cloud-protection")]
    assert [(row["process"], *row["services"]) for row in source["processes"]] == wanted
    assert {row["proxy"] for row in source["processes"]} == {PROX03}
    assert run(["report", str(path), "--quiet"]) == 0
    said = [capsys.readouterr().out]
    for suffix in (".md", ".html"):
        assert run(["report", str(path), "--quiet", "-o", str(path) + suffix]) == 0
        said.append(Path(str(path) + suffix).read_text(encoding="utf-8"))
    assert all("Processes, as the capture names them" in text for text in said)
    assert all(wanted[0][0].split(" ")[0].replace("\\", "") in text for text in said)
