"""Allow lists as the programs that read them understand them: squid itself, and a browser's JavaScript for the PAC file."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.allow_list import FORMS, written
from analyzer.services.catalogue import load_catalogue
from analyzer.services.permits import Permit, merged, required_permits
from analyzer.services.required import Device
from tests.report.browser import MISSING, WHY, chromium
from tests.services.facts import needs_facts, required_rows

CATALOGUE = load_catalogue()
OLD_AGENT = "Windows 7/8.1/2008R2 (MMA)"
"""Of these rows only Windows' old agent has need, for which there is no list."""

PROXY, OTHER = "172.16.12.10:3128", "[fd00::1]:8080"
EU = merged(required_permits(CATALOGUE, Device("commercial", "EU", "standard")))
SQUID = shutil.which("squid", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def test_plain_has_a_pattern_a_line_under_its_proxy() -> None:
    lines = written("plain", {PROXY: EU, OTHER: EU[:1]}).splitlines()
    assert lines == [f"# {PROXY}", *(permit.pattern for permit in EU), f"# {OTHER}", EU[0].pattern]
    assert written("plain", {"": EU}).splitlines() == [permit.pattern for permit in EU]


def test_csv_keeps_everything() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", {PROXY: EU}))))
    assert [(row["proxy"], row["pattern"], row["ports"]) for row in rows] == [(PROXY, p.pattern, " ".join(map(str, p.ports))) for p in EU]
    assert all(row["services"] and row["why"] == "required" and row["source"] for row in rows)


@pytest.mark.skipif(SQUID is None, reason="no squid here: apt-get install squid")
@pytest.mark.parametrize("lists", [{PROXY: EU}, {PROXY: EU, OTHER: EU}], ids=["one", "two"])
def test_squid_reads_it_without_a_complaint(lists: dict[str, list[Permit]], tmp_path: Path) -> None:
    conf = tmp_path / "squid.conf"
    conf.write_text(f"http_port 127.0.0.1:3128\npid_filename none\n{written('squid', lists)}http_access deny all\n", encoding="utf-8")
    ended = subprocess.run([str(SQUID), "-k", "parse", "-f", str(conf)], capture_output=True, text=True, check=False)
    said = [line for line in ended.stderr.splitlines() if any(word in line for word in ("WARNING", "ERROR", "FATAL"))]
    assert (ended.returncode, said) == (0, [])
    assert ended.stderr.count("Processing: http_access allow defender") == 3 * len(lists)


@pytest.mark.skipif(bool(MISSING), reason=WHY)
def test_a_browser_goes_by_the_pac_file() -> None:
    hosts = {
        "winatp-gw-weu.microsoft.com": True, "WinATP-gw-weu.microsoft.com.": True, "wdcp.microsoft.com": True, "a.wdcp.microsoft.com": True,
        "notwdcp.microsoft.com": False, "www.example.org": False, "hasOwnProperty": False, "microsoft.com": False,
    }  # fmt: skip
    known = "function dnsDomainIs(host, domain) { return host.length >= domain.length && host.endsWith(domain); }\n"
    program = f"{known}{written('pac', {PROXY: EU})}\nreturn {json.dumps(list(hosts))}.map((host) => FindProxyForURL('', host));"
    with chromium() as browser:
        answers = browser.run(program)
    assert answers == [f"PROXY {PROXY}" if ours else "DIRECT" for ours in hosts.values()]


@pytest.mark.parametrize(
    ("form", "lists", "said"),
    [
        ("txt", {"": EU}, "--allow: 'txt' is no form of an allow list; there is plain, squid, pac, csv, palo-alto, fortigate and zscaler"),
        ("pac", {"": EU}, "--allow pac: a PAC file needs one proxy, and none is meant; name it with --proxy IP:PORT"),
        ("pac", {PROXY: EU, OTHER: EU}, "--allow pac: a PAC file needs one proxy, and 2 are meant; name it with --proxy IP:PORT"),
        ("pac", {'x";alert(1)//': EU}, "--proxy: 'x\";alert(1)//' is no proxy; write it as IP:PORT or HOST:PORT"),
    ],
)
def test_what_cannot_be_written_is_said(form: str, lists: dict[str, list[Permit]], said: str) -> None:
    with pytest.raises(Unusable) as refused:
        written(form, lists)
    assert str(refused.value) == said


@pytest.mark.parametrize("form", [form for form in FORMS if form != "pac"])
def test_nothing_to_let_through(form: str) -> None:
    assert written(form, {}).endswith("\n")


@needs_facts
@pytest.mark.parametrize("row", required_rows(), ids=lambda row: f"{row['pattern']}-{row['cloud']}-{row['connectivity_model']}")
def test_no_list_lacks_a_row_that_microsoft_calls_required(row: dict[str, str]) -> None:
    """For each of its clouds, models and systems, at its geography, on its ports."""
    ports = {int(port) for port in row["port"].partition(" (")[0].split(";")}
    systems = {"Windows", "macOS", "Linux"} & set(row["os"].replace("any", "Windows;macOS;Linux").split(";"))
    assert systems or row["os"] == OLD_AGENT
    for cloud, model, system in itertools.product(row["cloud"].split(";"), row["connectivity_model"].split(";"), systems):
        permits = required_permits(CATALOGUE, Device(cloud, row["geo"], model, system))
        allowed = {port for permit in permits if permit.pattern == row["pattern"] for port in permit.ports}
        assert ports <= allowed, (cloud, model, system)
