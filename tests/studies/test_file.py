"""A study file's mistakes: all at once, each with its place and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.routes.topology import Topology
from analyzer.studies.expectations import Expectations
from analyzer.studies.file import EXAMPLES, MarkTable, OneTest, RunTable, SessionTable, StudyTables, load_plan
from tests.studies.laboratory import CATALOGUE, at, mistakes_in, plan_of, write_study, written_at

TEST = '[[test]]\ntitle = "a"\ncaptures = ["a.pcapng"]\n'
PROXY = '[[proxy]]\nname = "PROX01"\naddress = "172.16.12.10"\nmethod = "winhttp"\n'


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "result.txt").write_text("Proxy config: Method=Direct, address=\n", encoding="utf-8")
    text = f"""title = "Ours"
{PROXY}
[[test]]
title = "one"
captures = ["a.pcapng", "*.pcapng"]
start = {written_at(0)[:19]}Z
end = "{written_at(60)[:-1]}+00:00"
configured = ["winhttp", "winhttp"]
client_analyzer = "result.txt"
[[test.session]]
logon = {written_at(1)[:19]}.000001Z
[[test.mark]]
at = {written_at(5)[:19]}Z
what = "later"
[[test.mark]]
at = {written_at(2)[:19]}Z
what = "live response started"
[[test.analyzer]]
start = {written_at(30)[:19]}Z
end = {written_at(40)[:19]}Z
[test.expect]
winner = {{ "plane:sensor" = "winhttp" }}
live_response = "success"
"""
    plan = plan_of(tmp_path, text)
    (test,) = plan.tests
    assert plan.title == "Ours" and plan.topology.proxies[0].name == "PROX01"
    assert test.paths == (str(tmp_path / "a.pcapng"), str(tmp_path / "*.pcapng")) and test.captures == ("a.pcapng", "*.pcapng")
    assert (test.start_ns, test.end_ns) == (at(0), at(60))
    assert test.sessions == ((at(1) + 1000, None),) and test.configured == ("winhttp",)
    assert test.marks == ((at(2), "live response started"), (at(5), "later")) and test.analyzer == ((at(30), at(40)),)
    assert test.client_analyzer is not None and test.client_analyzer.connectivity.method == "Direct"
    assert test.expect == Expectations({"plane:sensor": "winhttp"}, live_response="success")


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """titel = "x"
topology = "absent.toml"
[[test]]
title = 5
captures = ["gone.pcapng", "-"]
start = 2024-05-01T12:00:00
user_logged_on = "yes"
[[test.session]]
logof = 2024-05-01T12:00:00Z
[test.expect]
winner = { "plane:usr" = "static" }
[[test]]
captures = []
"""
    assert mistakes_in(tmp_path, text) == [
        '[[test]] 1, title (line 4): 5 can\'t be used; write title = "Only the WinHTTP proxy is configured", a text in quotes',
        "[[test]] 1, start (line 6): 2024-05-01T12:00:00 has no offset: whose clock it is isn't said; write start = 2024-05-01T12:00:00Z",
        "[[test]] 1, user_logged_on (line 7): 'yes' can't be used; write user_logged_on = true or false, without quotes",
        "[[test]] 1, [[test.session]] 1, logof (line 9): unknown key 'logof'; did you mean logoff?",
        '[[test]] 2, title (line 12): missing; write title = "Only the WinHTTP proxy is configured", a text in quotes',
        '[[test]] 2, captures (line 13): empty; write captures = ["gateway.pcapng"], a list of paths beside this file',
        "titel (line 1): unknown key 'titel'; did you mean title?",
        f"{tmp_path}/absent.toml: can't read the topology: no such file or directory; name a readable TOML file with --topology",
        "[[test]] 1, [test.expect], winner, plane:usr (line 11): 'plane:usr' is no service or plane; did you mean 'plane:user'?",
        f"[[test]] 1, captures 1 (line 5): no such capture: {tmp_path}/gone.pcapng; paths are relative to the study file",
        "[[test]] 1, captures 2 (line 5): standard input; save the capture to a file and name that: tests may share it",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "test: missing; write [[test]]"),
        ("test = []\n", "empty; write [[test]]"),
        ("test = 3\n", "test (line 1): 3 can't be used; write [[test]]"),
        ("test = [3]\n", "3 can't be used; write [[test]]"),
        ("[test]\n", "wrong kind of table; write [[test]] with double brackets"),
        (f'topology = "t.toml"\n{PROXY}{TEST}', "topology: names a topology and holds its tables too; keep one"),
        (f"{PROXY}port = 0\n{TEST}", "[[proxy]] 1, port: 0 can't be used; write port = 3128"),
        (f'{PROXY}{TEST}configured = ["wininet"]\n', "configured 1 (line 8): no proxy of the topology has the method 'wininet'"),
        (f'{TEST}configured = ["winhtp"]\n', "'winhtp' can't be used; write configured"),
        (f'{TEST}client_analyzer = "gone.zip"\n', "gone.zip: can't be read: No such file or directory; name the zip package"),
        (f'{TEST}client_analyzer = "a.pcapng"\n', "a.pcapng: nothing in it is the Client Analyzer's; name the zip package"),
        (f"{TEST}start = 2024-05-01T12:00:00Z\nend = 2024-05-01T12:00:00Z\n", "end (line 5): the test ends before it starts"),
        (f"{TEST}start = 2024-05-01\n", "2024-05-01 is no time; write start"),
        (f'{TEST}start = "12:00"\n', "'12:00' is not an RFC 3339 time"),
        (f"{TEST}user_logged_on = true\n[[test.session]]\nlogon = 2024-05-01T12:00:00Z\n", "user_logged_on (line 4): says once"),
        (f"{TEST}[[test.session]]\n", "[[test.session]] 1 (line 4): neither logon nor logoff"),
        (f"{TEST}[[test.session]]\nlogon = 2024-05-01T12:00:00Z\nlogoff = 2024-05-01T11:00:00Z\n", "logs off before logging on"),
        (
            f"{TEST}[[test.session]]\nlogon = 2024-05-01T12:00:00Z\n[[test.session]]\nlogon = 2024-05-01T13:00:00Z\n",
            "[[test.session]] 2, logon (line 7): begins before the session above has ended",
        ),
        (f"{TEST}[[test.analyzer]]\nstart = 2024-05-01T12:00:00Z\nend = 2024-05-01T11:00:00Z\n", "the run ends before it starts"),
        (f'{TEST}end = 2024-05-01T12:00:00Z\n[[test.mark]]\nat = 2024-05-01T12:00:00Z\nwhat = "x"\n', "is outside of the test"),
        (f'{TEST}mark = "x"\n', "write [[test.mark]] with double brackets"),
        (f"{TEST}[test.expect]\n", "[test.expect] (line 4): nothing to expect"),
    ],
)
def test_a_mistake_is_told(text: str, said: str, tmp_path: Path) -> None:
    (mistake,) = mistakes_in(tmp_path, text)
    assert said in mistake


def test_the_topology_may_stand_in_a_table_of_its_own_or_be_given(tmp_path: Path) -> None:
    inside = PROXY.replace("[[proxy]]", "[[topology.proxy]]")
    assert plan_of(tmp_path, f"{inside}{TEST}").topology.proxies[0].method == "winhttp"
    given = Topology(policy="proxies-only")
    assert load_plan(write_study(tmp_path, f'topology = "absent"\n{TEST}'), CATALOGUE, given).topology is given


def test_without_a_title_the_file_gives_its_name(tmp_path: Path) -> None:
    assert plan_of(tmp_path, TEST).title == "study"


def test_every_key_has_an_example_to_write() -> None:
    keys = {key for table in (StudyTables, OneTest, SessionTable, MarkTable, RunTable) for key in table.model_fields}
    assert keys - {"proxy", "workstation", "gateway"} <= set(EXAMPLES)
