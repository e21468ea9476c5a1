"""`python -m tests.pac.record`: what Chromium answers for every file in files/, into answers.json (Linux, root, chromium).

A browser is started for each file in a network namespace of its own: its address is known, the names below are all that resolve,
and nothing gets out. A line at the end of the script tells each answer with the moment by `alert`, which stands in the browser's log
of its network. Files called hostile-* are left out: no browser comes back from them.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SPACE, ADDRESS = f"wppac{os.getpid()}", "10.1.2.3"
ADDRESSES = {"intranet.contoso.example": ["10.1.2.50"], "documents.example": ["198.51.100.7"], "wdcp.microsoft.com": ["203.0.113.9"]}
HOSTS = (
    "winatp-gw-weu.microsoft.com",
    "eu-v20.events.data.microsoft.com",
    "wdcp.microsoft.com",
    "usseu1westprod.blob.core.windows.net",
    "mdav.eu.endpoint.security.microsoft.com",
    "client.wns.windows.com",
    "crl.microsoft.com",
    "intranet.contoso.example",
    "documents.example",
    "intranet",
    "198.51.100.9",
)
OTHERS = ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE 198.51.100.9"]
TELL = """
;(function () {
  var find = FindProxyForURL;
  FindProxyForURL = function (url, host) {
    var answer = null, error = null;
    try { answer = find(url, host); } catch (thrown) { error = String(thrown); }
    alert("ANSWER " + JSON.stringify([host, Date.now(), typeof answer === "string" ? answer : null, error]));
    return "PROXY 127.0.0.1:9";
  };
})();
"""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


def main() -> None:
    """Write answers.json."""
    for arguments in (
        ("netns", "add", SPACE),
        ("-n", SPACE, "link", "set", "lo", "up"),
        ("-n", SPACE, "link", "add", "lan", "type", "bridge"),
        ("-n", SPACE, "address", "add", f"{ADDRESS}/24", "dev", "lan"),
        ("-n", SPACE, "link", "set", "lan", "up"),
        ("-n", SPACE, "route", "add", "default", "via", "10.1.2.1"),
    ):
        subprocess.run(["ip", *arguments], check=True)
    try:
        files = [path for path in sorted((HERE / "files").glob("*.pac")) if not path.name.startswith("hostile-")]
        answers = {path.stem: answers_of(path.read_text(encoding="utf-8")) for path in files}
    finally:
        subprocess.run(["ip", "netns", "del", SPACE], check=True)
    version = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    document = {"made_by": version, "ip": ADDRESS, "addresses": ADDRESSES, "answers": answers}
    (HERE / "answers.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def answers_of(text: str) -> dict[str, Any]:
    """host → {"now_ms", "returns", "error"} of one file."""
    with tempfile.TemporaryDirectory() as folder:
        page, log = Path(folder, "page.html"), Path(folder, "log.json")
        page.write_text("".join(f'<img src="https://{host}/">' for host in HOSTS), encoding="utf-8")
        script = base64.b64encode((text + TELL).encode()).decode()
        rules = ", ".join(
            [f"MAP {name} {found[0]}" for name, found in ADDRESSES.items()]
            + ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE 198.51.100.9"]
        )
        subprocess.run(
            [
                *("ip", "netns", "exec", SPACE, "env", "TZ=UTC", "chromium", *FLAGS, f"--user-data-dir={folder}/profile"),
                f"--proxy-pac-url=data:application/x-ns-proxy-autoconfig;base64,{script}",
                *(f"--host-resolver-rules={rules}", f"--log-net-log={log}", "--virtual-time-budget=2000", "--dump-dom", page.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        events = json.loads(log.read_text(encoding="utf-8"))["events"]
    said = (event.get("params", {}).get("message", "") for event in events)
    told = [json.loads(text.removeprefix("ANSWER ")) for text in said if text.startswith("ANSWER ")]
    found = {host: {"now_ms": now, "returns": answer, "error": error} for host, now, answer, error in told if host in HOSTS}
    missing = set(HOSTS) - set(found)
    if missing:
        raise RuntimeError(f"no answer for {sorted(missing)}")
    return {host: found[host] for host in HOSTS}


if __name__ == "__main__":
    main()
