"""curl and openssl s_client as clients: whole programs with a CONNECT and a ClientHello of their own."""

from __future__ import annotations

import json
import re
import subprocess
import time

from captures.lab.truth import Connection, Request, rfc3339

TIMEOUT_S = 25


def curl_user_agent() -> str:
    """curl's user agent: `curl/7.88.1`."""
    return "/".join(subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[:2])


def run_curl(truth: Connection, host: str, scheme: str, path: str, authority: str) -> None:
    """Fetch {scheme}://{host}{path} through the truth's proxy. How the socket ended is not known: state stays null."""
    truth.client = truth.shape = truth.hello = "curl"
    target = Request("connect", host, 443, None) if scheme == "https" else Request("absolute", host, 80, path)
    truth.ask(target, host, curl_user_agent())
    options = ["--silent", "--output", "/dev/null", "--write-out", "%{json}", "--cacert", authority, "--max-time", str(TIMEOUT_S)]
    local = ["--interface", truth.client_ip, "--local-port", str(truth.client_port)]
    truth.opened_at = rfc3339(time.time_ns())
    done = subprocess.run(
        ["curl", *options, *local, "--proxy", f"http://{truth.proxy}", f"{scheme}://{host}{path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    truth.ended_at = rfc3339(time.time_ns())
    report = json.loads(done.stdout)
    status = int(report["http_connect"] if scheme == "https" else report["http_code"])
    truth.answer(status)
    truth.outcome = "answered" if done.returncode == 0 else f"curl-{done.returncode}"
    if scheme == "https" and status == 200:
        truth.sni, truth.alpn, truth.tls_offered, truth.ech = host, ["h2", "http/1.1"], "1.3", False
    elif scheme == "http":
        truth.hello = None


def run_nested(truth: Connection, host: str, path: str, authority: str) -> None:
    """Fetch https://{host}{path} through a proxy reached over TLS: the visible hello is the one to the proxy."""
    truth.client = truth.hello = "curl"
    url = f"https://{host}{path}"
    ports = ["--interface", truth.client_ip, "--local-port", str(truth.client_port)]
    command = ["curl", "-s", "-o", "/dev/null", "-m", str(TIMEOUT_S), "-w", "%{json}", *ports]
    command += ["--proxy", f"https://{truth.proxy}", "--proxy-insecure", "--cacert", authority, url]
    truth.opened_at = rfc3339(time.time_ns())
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    truth.ended_at = rfc3339(time.time_ns())
    report = json.loads(done.stdout)
    if report["http_connect"] != 200 or report["http_code"] != 200:
        raise RuntimeError(f"curl through {truth.proxy}: {report['http_connect']}, {report['http_code']}, exit {done.returncode}")
    truth.alpn, truth.tls_offered, truth.ech, truth.outcome = ["http/1.1"], "1.3", False, "answered"


def run_openssl(truth: Connection, host: str, path: str, authority: str) -> None:
    """One GET inside an s_client tunnel. How the socket ended is not known: state stays null."""
    truth.client = truth.shape = truth.hello = "openssl"
    truth.ask(Request("connect", host, 443, None), None, None)  # s_client sends no Host and no User-Agent
    where = ["-proxy", str(truth.proxy), "-bind", f"{truth.client_ip}:{truth.client_port}", "-connect", f"{host}:443", "-servername", host]
    get = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    truth.opened_at = rfc3339(time.time_ns())
    command = ["openssl", "s_client", *where, "-CAfile", authority, "-brief", "-ign_eof"]
    done = subprocess.run(command, input=get, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    truth.ended_at = rfc3339(time.time_ns())
    version = re.search(r"Protocol version: TLSv([0-9.]+)", done.stderr)
    if version is None:
        raise RuntimeError(f"openssl s_client to {host}: {done.stderr.strip()}")
    truth.answer(200)
    truth.sni, truth.alpn, truth.tls_offered, truth.ech, truth.tls_version = host, [], "1.3", False, version[1]
    truth.outcome = "answered"
