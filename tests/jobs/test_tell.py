"""Telling: a command, a webhook and a textfile, and what each says when it fails."""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from analyzer.jobs import tell as telling
from analyzer.jobs.tell import journal_line, tell, textfile, write_textfile
from tests.jobs.rings import a_job

DIFFERENCE = {"job": "gw1", "findings": [{"code": "new-proxy", "text": "näw \x1b[31m"}]}
SUMMARY: dict[str, Any] = {
    "number": 3,
    "ended": 1795599975.5,
    "packets": 10,
    "dropped": 1,
    "flows": 2,
    "drift": {"new-proxy": 1},
    "unmet": [],
}
VERDICT = {
    "sources": [
        {
            "client_ip": "172.16.11.92",
            "services": [{"service": "edr-cyber-data", "by_proxy": [{"proxy": "10.0.0.1:3128", "tunnels": 4, "failed": 1}]}],
        }
    ]
}


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """(its address, (content type, body) of what it got); /no answers 500."""
    got: list[tuple[str, bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/no" else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def test_a_webhook_and_a_command_get_the_same_json(tmp_path: Path, hook: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, got = hook
    job = a_job(tmp_path, "[on_change]", f'webhook = "{url}/yes"', f"command = ['sh', '-c', 'cat > {tmp_path}/told']")
    assert tell(job, DIFFERENCE) == []
    ((kind, body),) = got
    assert kind == "application/json" and json.loads(body) == DIFFERENCE
    assert (tmp_path / "told").read_bytes() == body and body.isascii()


def test_what_fails_is_told_with_its_reason(tmp_path: Path, hook: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "COMMAND_S", 0.2)
    url, _ = hook
    for command, said in (
        ("'sh', '-c', 'echo why >&2; exit 3'", "sh ended with 3: why"),
        ("'/no/such'", "/no/such can't be run: No such file or directory"),
        ("'sleep', '9'", "sleep took longer than 0.2 s and was ended"),
    ):
        assert tell(a_job(tmp_path, "[on_change]", f"command = [{command}]"), DIFFERENCE) == [said]
    for place in (f"{url}/no", "http://127.0.0.1:1/"):
        (text,) = tell(a_job(tmp_path, "[on_change]", f'webhook = "{place}"'), DIFFERENCE)
        assert text.startswith("the webhook failed: ") and "127.0.0.1" not in text


def test_what_a_command_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe is read until its last holder is gone: a child that holds it must not outlive its parent."""
    monkeypatch.setattr(telling, "COMMAND_S", 0.5)
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    job = a_job(tmp_path, "[on_change]", f"command = ['sh', '-c', 'sleep 600 > {pipe} & wait']")
    ours = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert tell(job, DIFFERENCE) == ["sh took longer than 0.5 s and was ended"]
        assert select.select([ours], [], [], 60)[0] and os.read(ours, 1) == b""  # no process holds it open any more
    finally:
        os.close(ours)


def test_both_have_one_time_together(tmp_path: Path, hook: tuple[str, list[Any]]) -> None:
    url, got = hook
    job = a_job(tmp_path, "[on_change]", f'webhook = "{url}/yes"', "command = ['sleep', '600']")
    first, second = tell(job, DIFFERENCE, 0.2)
    assert first == "sleep took longer than 0.2 s and was ended"
    assert second.startswith("the webhook failed: it took longer than 0 s") and got == []


def test_the_textfile_is_what_prometheus_reads(tmp_path: Path) -> None:
    job = a_job(tmp_path, "[on_change]", 'textfile = "whichproxy.prom"')
    assert write_textfile(job, SUMMARY, VERDICT) == []
    lines = (tmp_path / "whichproxy.prom").read_text().splitlines()
    assert 'whichproxy_run_number{gateway="gw1"} 3' in lines
    assert 'whichproxy_drift{gateway="gw1",code="new-proxy"} 1' in lines
    labels = 'gateway="gw1",client_ip="172.16.11.92",service="edr-cyber-data",proxy="10.0.0.1:3128"'
    assert f'whichproxy_service_requests{{{labels},result="carried"}} 4' in lines
    assert f'whichproxy_service_requests{{{labels},result="failed"}} 1' in lines
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {line.partition("{")[0] for line in lines if not line.startswith("#")} <= named
    assert (tmp_path / "whichproxy.prom").stat().st_mode & 0o777 == 0o644


def test_a_textfile_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (text,) = write_textfile(a_job(tmp_path, "[on_change]", 'textfile = "no/such/x.prom"'), SUMMARY, VERDICT)
    assert "can't be written" in text
    assert write_textfile(a_job(tmp_path), SUMMARY, VERDICT) == []
    assert textfile("g", {**SUMMARY, "drift": {}}, {"sources": []}).endswith("\n")


def test_the_journal_takes_a_warning_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert journal_line("x") == "x"
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    assert journal_line("x") == "<4>x"
