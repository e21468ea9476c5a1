"""Reports of changes: a line in the journal, a Prometheus textfile, a command or a webhook with a JSON body."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Any, Final

from analyzer.errors import Unusable
from analyzer.jobs.answers import services_of
from analyzer.jobs.file import Job
from analyzer.jobs.post import post
from analyzer.report.json import to_json
from analyzer.text.files import write_whole

COMMAND_S: Final = 60
WEBHOOK_S: Final = 15
JOURNAL_WARNING: Final = "<4>"
"""The prefix that journald reads as a line's priority (sd-daemon(3)): 4 is a warning."""


def tell(job: Job, difference: Mapping[str, Any], seconds: float = COMMAND_S + WEBHOOK_S) -> list[str]:
    """Run the job's command and call its webhook with the changes; one sentence for each that failed.

    seconds   for both together
    """
    until = time.monotonic() + seconds
    failed = []
    wanted = job.settings.on_change
    body = to_json(difference).encode("ascii")
    if wanted.command is not None:
        failed += _run(wanted.command, body, min(COMMAND_S, seconds))
    if wanted.webhook is not None:
        why = post(wanted.webhook.get_secret_value(), body, max(0.0, min(WEBHOOK_S, until - time.monotonic())))
        failed += [f"the webhook failed: {why}"] if why else []
    return failed


def _run(command: list[str], body: bytes, seconds: float) -> list[str]:
    """Run the command in a process group of its own, so that the processes that it started end with it."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        return [f"{command[0]} can't be run: {error.strerror or error}"]
    with process:
        try:
            _, errors = process.communicate(body, seconds)
        except subprocess.TimeoutExpired:
            return [f"{command[0]} took longer than {seconds:g} s and was ended"]
        finally:
            with contextlib.suppress(ProcessLookupError, AttributeError):  # Windows has no groups: processes that the command started go on
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        lines = errors.decode("utf-8", "backslashreplace").strip().splitlines()
        return [f"{command[0]} ended with {process.returncode}{f': {lines[-1]}' if lines else ''}"]
    return []


def journal_line(text: str) -> str:
    """The line as a warning where the journal reads it, else unchanged."""
    return f"{JOURNAL_WARNING}{text}" if os.environ.get("JOURNAL_STREAM") else text


def write_textfile(job: Job, summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> list[str]:
    """Write the run's numbers for Prometheus' node exporter; a sentence if that failed."""
    if job.textfile is None:
        return []
    try:
        write_whole(job.textfile, [textfile(job.name, summary, verdict).encode()])
        job.textfile.chmod(0o644)  # the node exporter runs as another user
    except (Unusable, OSError) as error:
        return [str(error)]
    return []


def textfile(gateway: str, summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """The numbers in Prometheus' text format 0.0.4."""
    own = {"gateway": gateway}
    lines = [
        *_metric("run_number", "The last finished run.", [(own, summary["number"])]),
        *_metric("run_end_timestamp_seconds", "When it was finished.", [(own, summary["ended"])]),
        *_metric("run_packets", "Packets that it read.", [(own, summary["packets"])]),
        *_metric("run_dropped_packets", "Packets that were dropped before they could be read.", [(own, summary["dropped"])]),
        *_metric("run_flows", "Conversations that it saw.", [(own, summary["flows"])]),
        *_metric("drift", "Findings of drift, by code.", [({**own, "code": code}, n) for code, n in sorted(summary["drift"].items())]),
        *_metric("expectations_unmet", "Expectations that didn't hold.", [(own, len(summary["unmet"]))]),
    ]
    requests = []
    for service in services_of(verdict).values():
        for share in service.by_proxy:
            labels = {**own, "client_ip": service.client, "service": service.service, "proxy": share.proxy}
            requests += [({**labels, "result": "carried"}, share.carried), ({**labels, "result": "failed"}, share.failed)]
    lines += _metric("service_requests", "Requests of a service through a proxy in the last run.", requests)
    return "".join(f"{line}\n" for line in lines)


def _metric(name: str, meaning: str, values: list[tuple[dict[str, str], Any]]) -> list[str]:
    head = [f"# HELP whichproxy_{name} {meaning}", f"# TYPE whichproxy_{name} gauge"]
    return head + [
        f"whichproxy_{name}{{{','.join(f'{key}={json_text(value)}' for key, value in labels.items())}}} {number}"
        for labels, number in values
    ]


def json_text(value: str) -> str:
    """A label's value, quoted: backslash, quote and line end are escaped as in JSON."""
    return json.dumps(value, ensure_ascii=False)
