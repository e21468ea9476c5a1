"""A host name is compared as DNS compares it, and what DNS could not hold is no name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.hosts import dns_name, label_expression, regional_expression


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("WD.Microsoft.COM", "wd.microsoft.com"),
        ("wd.microsoft.com.", "wd.microsoft.com"),
        ("wd.microsoft.com:443", "wd.microsoft.com"),
        ("wd.microsoft.com.:443", "wd.microsoft.com"),
        ("wpad", "wpad"),
        ("_ldap._tcp.contoso.example", "_ldap._tcp.contoso.example"),
        ("bücher.example", "xn--bcher-kva.example"),  # RFC 3492
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_names(written: str, name: str) -> None:
    assert dns_name(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "..",
        ".wd.microsoft.com",
        "a..wd.microsoft.com",
        "wd.microsoft.com..",
        "*.wd.microsoft.com",
        "a b.wd.microsoft.com",
        "a\n.wd.microsoft.com",
        "wd.microsoft.com\n",
        "\\xff.wd.microsoft.com",
        "a/../wd.microsoft.com",
        "user@wd.microsoft.com",
        "172.16.12.10",
        "172.16.12.10:3128",
        "2001:db8::1",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "wd.microsoft.com:443:443",
        "a" * 64 + ".wd.microsoft.com",
        "a." * 5000 + "wd.microsoft.com",
        "a" * 10_000,
        "ü" * 10_000,
    ],
)
def test_what_is_no_name(written: str) -> None:
    assert dns_name(written) is None


@pytest.mark.parametrize("written", ["ｗｄ.microsoft.com", "wd.microsoft。com", "webloc\u212a.example", "wd.m\u0131crosoft.com"])
def test_letters_that_only_look_alike_stay_different(written: str) -> None:
    name = dns_name(written)
    assert name is None or "xn--" in name


@given(st.text(max_size=300))
def test_any_text_gives_a_name_in_lower_case_ascii_or_none(text: str) -> None:
    name = dns_name(text)
    if name is not None:
        assert name.isascii() and name == name.lower() and 0 < len(name) <= 253
        assert all(0 < len(label) <= 63 for label in name.split("."))
        assert dns_name(name) == name


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("winatp-gw-*.microsoft.com", "winatp-gw-xyz.microsoft.com", True),
        ("winatp-gw-*.microsoft.com", "winatp-gw-x.evil.microsoft.com", False),
        ("winatp-gw-*.microsoft.com", "winatp-gw-xyz.microsoft.com.evil.example", False),
        ("*.cp.example", "a.b.cp.example", True),
        ("*.cp.example", "cp.example", False),
        ("ws??#*.example", "wseu1north.example", True),
        ("ws??#*.example", "wseunorth.example", False),
        ("a.c", "abc", False),
    ],
)
def test_label_expression(pattern: str, name: str, fits: bool) -> None:
    assert bool(re.fullmatch(label_expression(pattern), name)) is fits


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("gw-*.a.example", "gw-weu3.a.example", True),
        ("gw-*.a.example", "gw-we-u.a.example", True),
        ("gw-*.a.example", "gw-.a.example", False),
        ("gw-*.a.example", "gw-x.y.a.example", False),
        ("gw-*.a.example", "gw-weu-a.example", False),
        ("*-v20.a.example", "in-v20.a.example", True),
        ("a*z.b", "amz.b", True),
        ("a*z.b", "az.b", False),
    ],
)
def test_regional_expression(pattern: str, name: str, fits: bool) -> None:
    assert bool(re.fullmatch(regional_expression(pattern), name)) is fits
