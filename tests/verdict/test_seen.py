"""Whether Defender was seen at a source."""

from typing import Any

import pytest

from tests.verdict.rows import CNC, EDGE, PROX01, flow, tunnel, verdict

OVER_TLS = {"server_ip": "172.16.12.10", "server_port": 3128, "client_hello_at": 1, "tls_offered": "1.3", "server_first": "tls"}


@pytest.mark.parametrize(
    ("row", "defender"),
    [
        (tunnel(PROX01, CNC), "seen"),
        (tunnel(PROX01, CNC, 407), "seen"),
        (flow(host=CNC, sni=CNC), "seen"),
        (tunnel(PROX01, "winatp-gw-swn.microsoft.com"), "seen"),  # a region that no list prints
        (tunnel(PROX01, "security.microsoft.com"), "not-seen"),  # any browser
        (tunnel(PROX01, "crl.microsoft.com"), "not-seen"),  # every Windows
        (tunnel(PROX01, EDGE), "not-seen"),
        (flow(**OVER_TLS), "hidden"),
    ],
)
def test_by_whose_hosts_were_asked_for(row: dict[str, Any], defender: str) -> None:
    result = verdict(row)
    assert [source["defender"] for source in result["sources"]] == [defender]
    assert ("no-service-traffic" in {finding["code"] for finding in result["findings"]}) == (defender == "not-seen")


def test_what_is_seen_outweighs_what_is_hidden() -> None:
    (source,) = verdict(flow(**OVER_TLS), tunnel(PROX01, CNC))["sources"]
    assert source["defender"] == "seen"
