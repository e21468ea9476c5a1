"""Community IDs, against those that the specification's own example captures give."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest

from analyzer.facts.community import community_ids
from analyzer.flows.layout import RECORD

# From the specification's Python implementation, github.com/corelight/pycommunityid, and what others publish of their tests.
KNOWN = [
    ("tcp", "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("udp", "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ("tcp", "1.2.3.4", 4584, "43.3.132.3", 3483, "1:koNcqhFRD5kb254ZrLsdv630jCM="),
    ("tcp", "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
]


@pytest.mark.parametrize(("protocol", "a", "a_port", "b", "b_port", "known"), KNOWN)
def test_known_ids(protocol: str, a: str, a_port: int, b: str, b_port: int, known: str) -> None:
    """The same from either end."""
    rows = np.zeros(2, RECORD)
    for row, ends in zip(rows, (((a, a_port), (b, b_port)), ((b, b_port), (a, a_port))), strict=True):
        row["protocol"], row["version"] = 6 if protocol == "tcp" else 17, ipaddress.ip_address(a).version
        for name, (address, port) in zip("ab", ends, strict=True):
            number = int(ipaddress.ip_address(address))
            row[f"{name}_hi"], row[f"{name}_lo"], row[f"{name}_port"] = number >> 64, number & (1 << 64) - 1, port
    assert community_ids(rows, np.arange(2, dtype=np.int32)).to_pylist() == [known, known]


def test_no_flow() -> None:
    assert community_ids(np.zeros(0, RECORD), np.zeros(0, np.int32)).to_pylist() == []
