"""A template of a study file: a test for each capture, and every other key of a test as a comment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyzer.text.times import rfc3339
from analyzer.text.toml import basic_string, schema_line
from analyzer.text.urls import is_url

if TYPE_CHECKING:
    from analyzer.capture.source import Source

HEAD: Final = """\
# A study of whichproxy: several tests, each with its captures, what was configured and done, and what should come out.
# Lines that begin with # are left out. All of it: docs/study.md. To run it: whichproxy study {file}
{schema}

# title = "Which proxy wins on our network"

# Who is who, in a file of its own or here. Without it proxies are found from the traffic and named by address.
{topology}
# [[proxy]]
# name = "PROX01"
# address = "172.16.12.10"
# port = 3128
# method = "winhttp"                         # winhttp, wininet, static, pac or other
# [[workstation]]
# name = "WORKSTATION"
# address = "172.16.11.92"
# [gateway]
# policy = "proxies-only"                    # direct traffic is expected to be blocked
# vxlan_ports = [8473]                       # VXLAN comes on these UDP ports too
"""

TEST: Final = """\

[[test]]
title = {title}
captures = [{capture}]{more}
# start = {start}               # only packets from here on{begins}
# end = {end}
# configured = ["winhttp", "wininet"]        # methods that were configured, of the topology
# user_logged_on = true                      # for the whole test, instead of [[test.session]]
# client_analyzer = "MDEClientAnalyzerResult.zip"
"""

ONCE: Final = """
# [[test.session]]                           # when a user was logged on: logon, logoff or both
# logon = {start}
# [[test.mark]]                              # what a person did; "live response" in it says that a session was started then
# at = {start}
# what = "live response started"
# [[test.analyzer]]                          # when the Client Analyzer ran: its traffic is left out of the verdict
# start = {start}
# end = {end}
# [test.expect]                              # what should hold; exit code 1 where it doesn't
# winner = {{ "plane:sensor" = "winhttp", "edr-command-and-control" = "winhttp" }}  # a method, a proxy's name, ip:port or "none"
# live_response = "success"                  # success, timeout or none
"""

EXAMPLE: Final = ("2024-05-01T12:00:00Z", "2024-05-01T12:20:00Z")


def first_study(path: str, captures: Sequence[Source]) -> str:
    """The text of a study file at the path: a test for each capture, or one test to fill in without captures. Errors: Unusable."""
    beside = Path(path).absolute().parent
    topology = 'topology = "topology.toml"' if (beside / "topology.toml").is_file() else '# topology = "topology.toml"'
    parts = [HEAD.format(file=basic_string(path), schema=schema_line("study"), topology=topology)]
    for number, capture in enumerate(captures):
        first = capture.first_time()
        start = EXAMPLE[0] if first is None else rfc3339(first)
        end = EXAMPLE[1] if first is None else rfc3339(first + 20 * 60 * 10**9)
        begins = "" if first is None else ", which is where it begins"
        where = capture.name if is_url(capture.name) else os.path.relpath(capture.name, beside)
        title = basic_string(Path(capture.name).name)
        parts.append(TEST.format(title=title, capture=basic_string(where), more="", start=start, end=end, begins=begins))
        if number == 0:
            parts.append(ONCE.format(start=start, end=end))
    if not captures:
        more = "               # paths are taken from where this file lies; globs too"
        start, end = EXAMPLE
        title = basic_string("Only the WinHTTP proxy is configured")
        parts.append(TEST.format(title=title, capture=basic_string("gateway.pcapng"), more=more, start=start, end=end, begins=""))
        parts.append(ONCE.format(start=start, end=end))
    return "".join(parts)
