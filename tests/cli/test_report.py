"""`report`: where the verdict goes, and what its exit code says."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.build import head, pcap
from tests.cli.conftest import Whichproxy, apart, read_terminal, tunnel
from tests.conftest import ROOT

LABORATORY = {
    "T1-winhttp": {"plane:sensor": "winhttp"},
    "T2-winhttp-wininet": {"plane:sensor": "winhttp", "plane:user": "wininet"},
    "T3a-wininet-no-user": {"plane:sensor": "none", "plane:user": "none"},
    "T3b-wininet-user": {"plane:sensor": "wininet", "plane:user": "wininet"},
    "T4-static": {"plane:sensor": "static", "plane:antivirus": "static"},
    "T5-all-three": {"plane:sensor": "static", "plane:user": "wininet", "plane:system": "winhttp"},
}


def test_piped_it_is_plain_text_with_the_answer_first(capture: Path, topology: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", capture, "--topology", topology)
    assert ended.code == 0 and ended.err == ""
    assert ended.out.startswith("WORKSTATION (172.16.11.92): PROX01 (WinHTTP) won for sensor (likely), but TLS broke in 1 of 1 tunnel.\n")
    assert "\x1b" not in ended.out and str(capture) in ended.out


def test_json_is_the_document(capture: Path, whichproxy: Whichproxy) -> None:
    document = json.loads(whichproxy("report", capture, "--json").out)
    assert document["schema"] == 2
    assert document["sources"][0]["services"][0]["winner"] == "172.16.12.10:3128"
    assert document["captures"][0]["path"] == str(capture)


def test_files_say_the_same(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    stdout = whichproxy("report", capture, "--json").out
    ended = whichproxy("report", capture, "-o", tmp_path / "out.json")
    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == stdout
    assert whichproxy("report", capture, "-o", tmp_path / "out.md").code == 0
    assert (
        (tmp_path / "out.md")
        .read_text(encoding="utf-8")
        .startswith(
            "# Which proxy won: sensor.pcap, 2023-11-14\n\n- 172.16.11.92: 172.16.12.10:3128 won for sensor (likely), "
            "but TLS broke in 1 of 1 tunnel."
        )
    )


@pytest.mark.parametrize("name", [b"bad\xff.pcap", "line\nbreak \u202e\x1b[31m.pcap".encode(), b"-x;=1+1<b>.pcap"])
def test_whatever_a_file_is_called_its_name_is_text(name: bytes, capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/" + name)
    Path(path).write_bytes(capture.read_bytes())
    for ended in (whichproxy("report", path), whichproxy("report", path, "--json"), whichproxy("flows", path, "--format", "csv")):
        assert ended.code == 0 and not set("\x1b\u202e\udcff") & set(ended.out)
    row = json.loads(whichproxy("flows", path, "--format", "jsonl", "--limit", "1").out)
    assert row["capture"] == str(tmp_path) + "/" + name.decode("utf-8", "backslashreplace")


def test_a_refused_output_opens_no_capture(tmp_path: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", tmp_path / "absent.pcap", "-o", tmp_path / "x.pdf")
    assert ended.code == 2 and "absent" not in ended.err


@pytest.mark.parametrize(("value", "code"), [("winhttp", 0), ("PROX01", 0), ("172.16.12.10:3128", 0), ("static", 1), ("none", 1)])
def test_expectations_decide_between_0_and_1(
    value: str, code: int, capture: Path, topology: Path, tmp_path: Path, whichproxy: Whichproxy
) -> None:
    expect = tmp_path / "expect.toml"
    expect.write_text(f'[test.expect]\nwinner = {{ "edr-command-and-control" = "{value}" }}\n', encoding="utf-8")
    ended = whichproxy("report", capture, "--topology", topology, "--expect", expect)
    assert ended.code == code
    assert ended.out.startswith("WORKSTATION")
    assert len(ended.lines) == code


def test_unusable_input_outweighs_an_unmet_expectation(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    expect = tmp_path / "expect.toml"
    expect.write_text('[test.expect]\nwinner = { "plane:user" = "static" }\n', encoding="utf-8")
    ended = whichproxy("report", capture, tmp_path / "absent.pcap", "--expect", expect)
    assert ended.code == 2 and len(ended.lines) == 2


def test_only_failures_have_no_winner(tmp_path: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "denied.pcap").write_bytes(pcap(tunnel(answer=head("HTTP/1.1 403 Forbidden", "Content-Length: 0")).frames))
    document = json.loads(whichproxy("report", tmp_path / "denied.pcap", "--json").out)
    (service,) = document["sources"][0]["services"]
    assert service["winner"] is None and service["by_proxy"][0]["failed"] == 1


def on_a_terminal(*args: str | Path, **environment: str) -> str:
    """What a terminal of 80 columns gets to see of a run."""
    master, terminal = pty.openpty()
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        process = apart(*args, stdout=terminal, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})
        for name, value in before.items():
            if value is None:
                del os.environ[name]
    os.close(terminal)
    return read_terminal(master, process)


def test_a_terminal_gets_colour_unless_it_asks_for_none(capture: Path) -> None:
    coloured = on_a_terminal("report", capture, TERM="xterm-256color", COLUMNS="80", NO_COLOR="")
    assert "\x1b[" in coloured and "32m" in coloured
    plain = on_a_terminal("report", capture, TERM="xterm-256color", COLUMNS="80", NO_COLOR="1")
    assert "32m" not in plain and "172.16.12.10:3128 won for sensor" in plain


@pytest.mark.parametrize("name", LABORATORY)
def test_the_articles_tests_say_what_the_article_says(name: str, tmp_path: Path, whichproxy: Whichproxy) -> None:
    expect = tmp_path / "expect.toml"
    pairs = ", ".join(f'"{key}" = "{value}"' for key, value in LABORATORY[name].items())
    expect.write_text(f"[test.expect]\nwinner = {{ {pairs} }}\n", encoding="utf-8")
    captures = ROOT / "captures"
    ended = whichproxy("report", captures / f"{name}.pcapng", "--topology", captures / "topology.toml", "--expect", expect)
    assert (ended.code, ended.err) == (0, "")


def test_an_allow_list_instead_of_the_report(capture: Path, topology: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", capture, "--topology", topology, "--allow", "plain", "--proxy", "PROX01")
    assert (
        (ended.code, ended.err) == (0, "")
        and ended.out.startswith("# 172.16.12.10:3128\n")
        and "winatp-gw-weu.microsoft.com\n" in ended.out
    )
    refused = whichproxy("report", capture, "--topology", topology, "--allow", "plain", "--proxy", "PROX09")
    assert refused.code == 2 and "no proxy 'PROX09' was seen" in refused.lines[0]


def test_what_a_proxy_must_not_open_instead_of_the_report(capture: Path, topology: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", capture, "--topology", topology, "--no-inspection", "zscaler", "--proxy", "PROX01")
    assert (ended.code, ended.err) == (0, "")
    assert ".wdcp.microsoft.com" in ended.out.splitlines() and "blob.core.windows.net" not in ended.out.split()
    for more, said in (
        (
            ("--no-inspection", "pac"),
            "--no-inspection: 'pac' is no form of such a list; there is plain, csv, squid, palo-alto, fortigate and zscaler",
        ),
        (("--allow", "plain", "--no-inspection", "plain"), "--allow, --no-inspection: two lists at once; ask for one of them"),
        (("--allow", "plain", "--tickets", "x"), "--tickets: tickets have the lists in them; leave --allow and --no-inspection out"),
    ):
        refused = whichproxy("report", capture, *more)
        assert (refused.code, refused.out, refused.lines) == (2, "", [f"whichproxy: {said}"])


def test_tickets_are_written_beside_the_report(topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    failures = ROOT / "captures" / "proof" / "failures.pcapng"
    ended = whichproxy("report", failures, "--topology", topology, "--tickets", tmp_path / "tickets")
    assert ended.code == 0 and "PROX01" in ended.out
    (page,) = (tmp_path / "tickets").iterdir()
    assert ended.lines == [
        f"whichproxy: wrote {page}: PROX01: 3 requests refused, 2 requests challenged, 3 requests let through until TLS broke, "
        "2 requests failed for 7 hosts of Defender's services"
    ]
    ended = whichproxy("report", ROOT / "captures" / "T1-winhttp.pcapng", "--tickets", tmp_path / "none")
    assert ended.code == 0 and "no ticket was written" in ended.err and not list((tmp_path / "none").iterdir())
    (tmp_path / "file").touch()
    refused = whichproxy("report", failures, "--tickets", tmp_path / "file" / "x")
    assert refused.code == 2 and "name a folder that you may write to" in refused.err


def test_what_a_pac_file_returns_stands_beside_what_was_done(capture: Path, topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    file = tmp_path / "proxy.pac"
    file.write_text('function FindProxyForURL(url, host) { return "PROXY 172.16.12.99:8080"; }', encoding="utf-8")
    document = json.loads(whichproxy("report", capture, "--topology", topology, "--pac", file, "--json").out)
    assert {row["state"] for row in document["pac"]} == {"differs", "not-asked"}
    ended = whichproxy("report", capture, "--topology", topology, "--pac", file, "--tz", "Europe/Berlin")
    assert ended.code == 0 and f"PAC file {file}" in ended.out and "PROXY 172.16.12.99:8080" in ended.out
    refused = whichproxy("report", capture, "--pac", tmp_path / "none.pac")
    assert refused.code == 2 and "name a PAC file with --pac" in refused.err


def test_only_a_zone_that_was_given_is_the_clients(capture: Path, topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    file = tmp_path / "proxy.pac"
    file.write_text(
        'function FindProxyForURL(url, host) { return timeRange(0, 24) ? "PROXY 172.16.12.99:8080" : "DIRECT"; }', encoding="utf-8"
    )

    def states(*zone: str) -> set[str | None]:
        out = whichproxy("report", capture, "--topology", topology, "--pac", file, "--json", *zone).out
        return {row["state"] for row in json.loads(out)["pac"]} - {"not-asked"}

    assert states() == {None}
    assert states("--tz", "UTC") == {"differs"}
