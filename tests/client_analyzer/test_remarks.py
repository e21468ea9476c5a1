"""Findings and facts, of the text and of the XML; XML that could do harm is refused."""

from __future__ import annotations

import pytest

from analyzer.client_analyzer.remarks import events_in_text, facts_in_text, read_xml
from analyzer.errors import Unusable
from tests.client_analyzer.samples import EVENT, SETTINGS, XML


def test_findings_of_the_text() -> None:
    (event,) = events_in_text(f"\n{EVENT}\nnot one\n")
    assert (event["id"], event["severity"], event["check"]) == ("130019", "information", "EDRCloud AutoIR")
    assert event["text"].startswith("Test connection")


def test_a_severity_in_another_language_is_told_by_the_id() -> None:
    (event,) = events_in_text("2025-11-30 21:36:21Z [Avviso] EDRCloud 131001: x")
    assert event["severity"] == "warning"


def test_facts_of_the_text() -> None:
    assert facts_in_text(SETTINGS) == {
        "The detected Proxy settings in device path (HKLM) are": "172.16.12.10:3128",
        "ProxyEnable is set to": "1",
        "Optional PreferStaticProxyForHttpRequest setting is": "1",
        "global.notify.windows.com:443 without a proxy": "connected",
        "client.wns.windows.com:443 without a proxy": "not connected",
        "http://ctldl.windowsupdate.com/pinrulesstl.cab": "OK",
        "http://crl.microsoft.com/x.crl": "timed out",
        "cert issuer for https://winatp-gw-weu.microsoft.com": "CN=Microsoft Secure Server CA 2011",
    }


def test_the_xml_report() -> None:
    events, facts = read_xml(XML, "x.xml")
    assert facts == {"Script version": "08May2024", "System-wide WinHTTP proxy": "Direct access (no proxy server)."}
    assert events == [
        {"id": "132021", "severity": "error", "check": "EDRCloud CnC", "text": "All test connections failed Check the proxy"},
        {"id": "999", "severity": None, "check": None, "text": ""},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        ('<?xml version="1.0"?>\n<! doctype a SYSTEM "file:///etc/passwd"><a/>', "declares a document type"),
        ("<a>", "no XML"),
        ("<a>\x01</a>", "no XML"),
        ("<a>&undeclared;</a>", "no XML"),
    ],
)
def test_hostile_or_broken_xml_is_refused(text: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        read_xml(text, "x.xml")
