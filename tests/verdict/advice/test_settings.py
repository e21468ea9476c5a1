"""Every setting has a source and a date, and can be followed as it is written."""

from __future__ import annotations

import re
from datetime import date

import pytest

from analyzer.verdict.advice import pages, settings
from analyzer.verdict.advice.settings import SETTINGS, Setting

NAMED_BY_THE_CONTRACT = (
    "TelemetryProxyServer",
    "DisableEnterpriseAuthProxy",
    "PreferStaticProxyForHttpRequest",
    "SSLOptions",
    "ProxyServer",
    "ProxyBypass",
    "ProxyPacUrl",
    "netsh winhttp",
    "NetworkProxy",
    "NetworkProxy/SetupScriptUrl",
    "mdatp config proxy",
    "the Mac's proxy",
)


def without_source_or_date(setting: Setting) -> list[str]:
    """What is missing of where it comes from."""
    missing = []
    if not re.fullmatch(r"https://learn\.microsoft\.com/en-us/[a-z0-9/-]+", setting.page.url):
        missing.append("source")
    try:
        date.fromisoformat(setting.page.date)
    except ValueError:
        missing.append("date")
    return missing


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.name}-{setting.page.url.rpartition('/')[2]}")
def test_it_has_a_source_and_a_date_and_says_where(setting: Setting) -> None:
    assert without_source_or_date(setting) == []
    assert setting.where and setting.change and re.fullmatch(r"[A-Z].*\.", setting.why)
    assert setting.system in ("Windows", "macOS", "Linux", settings.AT_THE_PROXY)


def test_one_without_is_found() -> None:
    page = pages.Page("https://example.org/how-to", "lately")
    assert without_source_or_date(Setting("x", "Windows", "here", "x", "X.", page)) == ["source", "date"]


def test_all_that_were_asked_for_are_there() -> None:
    assert set(NAMED_BY_THE_CONTRACT) <= {setting.name for setting in SETTINGS}


def test_the_proxy_stands_in_the_command_where_it_is_known() -> None:
    written = settings.WINHTTP_PROXY.to_dict("172.16.12.10:3128")
    assert written["change"] == "netsh winhttp set proxy 172.16.12.10:3128"
    assert settings.WINHTTP_PROXY.to_dict(None)["change"] == "netsh winhttp set proxy HOST:PORT"
    assert written["source"] == pages.PROXY.url and written["date"] == "2026-09-22"


def test_every_page_is_used() -> None:
    every = {page for page in vars(pages).values() if isinstance(page, pages.Page)}
    assert {setting.page for setting in SETTINGS} == every


def test_a_list_is_that_of_the_proxy_where_it_is_known() -> None:
    assert "CAPTURE --proxy 172.16.12.10:3128 --allow squid" in settings.ALLOW_LIST.to_dict("172.16.12.10:3128")["change"]
    assert "CAPTURE --allow squid" in settings.ALLOW_LIST.to_dict(None)["change"]
