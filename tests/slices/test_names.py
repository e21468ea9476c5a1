"""Which names stay, and that others keep their shape and their relations only."""

from __future__ import annotations

import ipaddress
import re

import pytest

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.names import Names, masked

NAMES = Names(b"key", load_catalogue())


@pytest.mark.parametrize(
    "host",
    [
        "winatp-gw-neu.microsoft.com",
        "eu-v20.events.data.microsoft.com",
        "automatedirstrprdweu.blob.core.windows.net",
        "edr-weu.eu.endpoint.security.microsoft.com",
        "ctldl.windowsupdate.com",
        "wpad",
        "localhost",
        "WDCP.Microsoft.com.",
    ],
)
def test_defenders_and_everyones_stay(host: str) -> None:
    assert NAMES.host(host.encode()) == host.encode() and NAMES.is_kept(host.encode())


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("pc-anna.contoso.com", ".com"),
        ("contosofiles.blob.core.windows.net", ".blob.core.windows.net"),
        ("anna-pc", ""),
        ("1234abcd-0000-1111-2222-333344445555.agentsvc.azure-automation.net", ".azure-automation.net"),
        ("wpad.corp.contoso.com", ".com"),
        ("sekritcorp.events.data.microsoft.com", ".events.data.microsoft.com"),
        ("sekrit-corp2.endpoint.security.microsoft.com", ".endpoint.security.microsoft.com"),
        ("20261126.events.data.microsoft.com", ".events.data.microsoft.com"),
    ],
)
def test_others_go(host: str, stays: str) -> None:
    made = NAMES.host(host.encode()).decode()
    assert len(made) == len(host) and made.endswith(stays) and made.count(".") == host.count(".") and made != host
    for label in host.removesuffix(stays).split("."):
        assert label in ("wpad", "agentsvc") or label not in made


@pytest.mark.parametrize(
    ("host", "shape"),
    [
        ("winatp-gw-sekritcorp.microsoft.com", r"winatp-gw-[a-z]{10}\.microsoft\.com"),
        ("edr-sekrit9.eu.endpoint.security.microsoft.com", r"edr-[a-z]{7}\.eu\.endpoint\.security\.microsoft\.com"),
        ("sekrit-v20.events.data.microsoft.com", r"[a-z]{6}-v[a-z]{2}\.events\.data\.microsoft\.com"),
    ],
)
def test_of_a_label_with_words_of_microsofts_the_others_go(host: str, shape: str) -> None:
    made = NAMES.host(host.encode()).decode()
    assert re.fullmatch(shape, made) and "sekrit" not in made


def test_relations_are_kept() -> None:
    one, two = NAMES.host(b"a1.contoso.com"), NAMES.host(b"B2.Contoso.com")
    assert one.split(b".")[1:] == [part.lower() for part in two.split(b".")[1:]] and one[:2] != two[:2].lower()
    assert Names(b"other", load_catalogue()).host(b"a1.contoso.com") != one
    assert NAMES.words(b"Contoso CA", frozenset((b"ca",))) == NAMES.words(b"Contoso") + b" CA"
    assert NAMES.blur(b"ticket") == NAMES.blur(b"ticket") != b"ticket" and NAMES.blur(bytes(32)) == bytes(32)


def test_addresses_as_text() -> None:
    made = NAMES.host(b"10.20.100.7")
    assert (
        [len(part) for part in made.split(b".")] == [2, 2, 3, 1]
        and all(int(part) < 256 for part in made.split(b"."))
        and made != b"10.20.100.7"
    )
    for address in (b"2001:db8::1", b"fd00:1:2:3:4:5:6:7", b"::", b"::ffff:192.0.2.1", b"FE80::A"):
        made = NAMES.host(address)
        assert len(made) == len(address) and ipaddress.ip_address(made.decode()).version == 6 and (made != address or address == b"::")
    assert NAMES.host(b"anna::contoso") not in (b"anna::contoso",) and not NAMES.is_kept(b"10.20.100.7")


def test_letters_stand_for_letters() -> None:
    assert masked(b"Ab-9.\xc3", bytes(8)) == b"Aa-a.a"
