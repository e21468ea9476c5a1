"""Purpose: a URL is shown so that it can be recognised and opens nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import Unusable
from analyzer.text.urls import check_local, is_url, shown, without_secrets

SHOWN = {
    "s3://bucket/gw1/a.pcapng": "s3://bucket/gw1/a.pcapng",
    "https://host:8443/a.pcap": "https://host:8443/a.pcap",
    "https://u:p@host/a.pcap": "https://host/a.pcap",
    "https://u:p@[::1]:8080/a.pcap": "https://[::1]:8080/a.pcap",
    "https://[::1]:8080/a.pcap#part": "https://[::1]:8080/a.pcap",
    "https://account.blob.core.windows.net/c/a.pcap?sv=2024&sig=abc%3D": "https://account.blob.core.windows.net/c/a.pcap",
    "https://b.s3.amazonaws.com/a?versionId=v1&X-Amz-Signature=abc": "https://b.s3.amazonaws.com/a?versionId=v1",
    "s3://AKIA:se/cret@bucket/a": "s3://bucket/a",
    "s3://AKIA:secret/a": "s3:///a",
    "s3://bucket/a@b/c#1.pcap": "s3://bucket/a@b/c#1.pcap",
    "s3://bucket/cap-?.pcap": "s3://bucket/cap-?.pcap",
    "s3://bucket/a.pcap?versionId=v1": "s3://bucket/a.pcap?versionId=v1",
    "s3://bucket/a.pcap?X-Amz-Signature=abc": "s3://bucket/a.pcap",
    "abfs://container@account.dfs.core.windows.net/a": "abfs://container@account.dfs.core.windows.net/a",
    "abfs://c:key@account.dfs.core.windows.net/a": "abfs://account.dfs.core.windows.net/a",
    "zip://*.pcap::https://u:p@host/a.zip?sig=abc": "zip://*.pcap::https://host/a.zip",
    "simplecache::sftp://u:p@host/a": "simplecache::sftp://host/a",
    "C:\\captures\\a.pcap": "C:\\captures\\a.pcap",
    "a.pcap?x=1": "a.pcap?x=1",
}


@pytest.mark.parametrize("url", SHOWN)
def test_what_is_shown(url: str) -> None:
    assert shown(url) == SHOWN[url]
    assert shown(shown(url)) == shown(url)


def test_paths_are_no_urls() -> None:
    assert not any(map(is_url, ["a.pcap", "-", "C:\\a", "C:/a", "/a://b", "../a", "a:b"]))
    assert all(map(is_url, ["s3://b/a", "HTTPS://h/a", "memory://a", "zip://*::s3://b/a.zip", "simplecache::s3://b/a"]))


SECRET = "s3cr3t"
WORD = st.text("abc%:/@?#&=.~+-_", max_size=6)


@given(st.sampled_from(["https", "http"]), WORD, WORD, WORD, WORD)
def test_no_query_and_no_fragment_is_left(scheme: str, one: str, two: str, path: str, more: str) -> None:
    url = f"{scheme}://host/{path.replace('?', '').replace('#', '')}?{one}sig={two}{SECRET}{more}"
    assert SECRET not in shown(url)
    assert SECRET not in without_secrets(f"'{url}': cannot connect to {url}")


@given(st.sampled_from(["https", "s3", "sftp", "abfs"]), st.text("abc%:.~+-_", max_size=6), st.text("abc%.~+-_", max_size=6))
def test_no_user_and_no_password_is_left(scheme: str, one: str, two: str) -> None:
    assert SECRET not in shown(f"{scheme}://u:{one}{SECRET}{two}@host/path")
    assert SECRET not in shown(f"zip://a::{scheme}://{SECRET}:{one}@host/path.zip")


def test_texts_keep_what_is_no_url() -> None:
    assert without_secrets("no://h?a=b, or (see https://h/p?sig=x) and 12:30") == "no://h, or (see https://h/p) and 12:30"


def test_what_is_written_lies_here() -> None:
    check_local("out.html")
    with pytest.raises(Unusable, match=r"^s3://b/out.html: is a URL") as caught:
        check_local(f"s3://u:{SECRET}@b/out.html")
    assert SECRET not in str(caught.value)
