"""Groups of URLs and names of errors."""

from __future__ import annotations

import pytest

from analyzer.client_analyzer.groups import group_of, host_of, meaning_of, service_of
from tests.studies.laboratory import CATALOGUE


@pytest.mark.parametrize(
    ("url", "group"),
    [
        ("https://winatp-gw-weu.microsoft.com/commands/test", "CnC"),
        ("https://edr-weu.eu.endpoint.security.microsoft.com/edr/commands/test", "CnC"),
        ("https://eu-v20.events.data.microsoft.com/ping", "Cyber"),
        ("https://automatedirstrprdweu.blob.core.windows.net", "AutoIR"),
        ("https://usseu1westprod.blob.core.windows.net", "SampleUpload"),
        ("https://checkin.dm.microsoft.com", "MdeConfigMgr"),
        ("https://mdav.eu.endpoint.security.microsoft.com/mdav/test", "MAPS"),
        ("http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab", "CTLDL"),
        ("https://settings-win.data.microsoft.com/qos", "Settings"),
        ("https://v10.events.data.microsoft.com/ping", "Events"),
        ("https://www.example.org/", None),
        ("nonsense", None),
        ("https://[bad", None),
    ],
)
def test_a_url_is_of_the_group_of_its_host(url: str, group: str | None) -> None:
    assert group_of(url, CATALOGUE) == group


def test_hosts_and_services() -> None:
    assert host_of("https://A.Example:443/x") == "a.example" and host_of("a.example/x") == "a.example" and host_of("https://[bad") is None
    assert service_of("https://winatp-gw-weu.microsoft.com/test", CATALOGUE) == "edr-command-and-control"
    assert service_of("https://[bad", CATALOGUE) is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (12002, "timeout: packets dropped silently"),
        (0x80072EE2, "timeout: packets dropped silently"),
        (0x80072EE2 - (1 << 32), "timeout: packets dropped silently"),
        (0x80072F8F, "TLS refused: inspection, pinning, or revocation lists out of reach"),
        (200, "HTTP 200"),
        (407, "the proxy wants authentication"),
        (99999, None),
        (None, None),
    ],
)
def test_codes_have_names(code: int | None, said: str | None) -> None:
    assert meaning_of(code) == said
