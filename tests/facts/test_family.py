from __future__ import annotations

import pytest

from analyzer.facts.family import SERVICE_AGENTS, family
from analyzer.flows.layout import ABSOLUTE, ORIGIN, SHAPE_AGENT, TRAIT_CUT
from tests.build import CONNECT_SHAPES, ESTABLISHED, client_hello, connect_as
from tests.build.requests import EDGE, FIREFOX, IE11
from tests.facts.settled import settled
from tests.streams.harness import Stage, client, server


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("wininet", "wininet"),
        ("winhttp", "winhttp"),
        ("agent", "other"),
        ("chromium", "chromium"),
        ("firefox", "firefox"),
        ("curl", "curl"),
    ],
)
def test_connects_of_public_captures(stack: str, expected: str) -> None:
    assert stack in CONNECT_SHAPES
    stage = Stage()
    stage.add([client(connect_as(stack, "name.example")), server(ESTABLISHED)])
    (row,) = settled(stage)
    assert row["client_family"] == expected


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        (client_hello(grease=True), "chromium"),
        (client_hello(extra=[(34, b"\0\2\4\3")]), "firefox"),
        (client_hello(extra=[(22, b"")]), "openssl"),
        (client_hello(versions=(), legacy_version=0x0303), "other"),
    ],
    ids=["GREASE", "delegated credentials", "encrypt_then_mac", "Schannel"],
)
def test_hellos_alone(hello: bytes, expected: str) -> None:
    stage = Stage()
    stage.add([client(hello)])
    (row,) = settled(stage)
    assert row["client_family"] == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (IE11, "wininet"),
        (EDGE, "chromium"),
        (FIREFOX, "firefox"),
        ("curl/8.5.0", "curl"),
        ("Microsoft-CryptoAPI/10.0", "winhttp"),
        ("Wget", "other"),
    ],
)
@pytest.mark.parametrize("kind", [ABSOLUTE, ORIGIN])
def test_agents(kind: int, agent: str, expected: str) -> None:
    assert family(kind, SHAPE_AGENT, agent, -1)[0] == expected


def test_services_by_the_beginning_of_their_agent_in_any_case() -> None:
    for agent in SERVICE_AGENTS:
        assert family(ORIGIN, SHAPE_AGENT, agent.upper() + "10.0", -1) == ("winhttp", "user agent")


def test_nothing_to_go_by() -> None:
    assert family(0, 0, None, -1) == (None, None)
    assert family(0, 0, None, TRAIT_CUT) == (None, None)


@pytest.mark.parametrize("stack", sorted(CONNECT_SHAPES))
def test_a_head_that_was_cut_says_nothing_by_what_it_lacks(stack: str) -> None:
    whole = connect_as(stack, "name.example")
    for end in range(len(b"CONNECT name.example:443 "), len(whole)):
        stage = Stage()
        stage.add([client(whole[:end])])
        stage.finish()
        (row,) = settled(stage)
        assert row["requested_host"] == "name.example"
        assert row["client_family"] in (None, {"agent": "other"}.get(stack, stack))


SCHANNEL_END = [(23, b""), (65281, b"\0")]


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        (client_hello(versions=(), legacy_version=0x0303, extra=SCHANNEL_END), "winhttp"),
        (client_hello(extra=[*SCHANNEL_END, (45, b"\1\1")]), "winhttp"),
        (client_hello(grease=True), "chromium"),
        (client_hello(extra=[(34, b"\0\2\4\3")]), "firefox"),
        (client_hello(extra=[(22, b""), *SCHANNEL_END]), "openssl"),
        (client_hello(), "other"),
    ],
    ids=["Schannel", "Schannel, TLS 1.3", "a browser's", "Firefox's", "OpenSSL's", "nobody's"],
)
def test_a_bare_connect_is_winhttps_only_with_a_hello_of_schannel(hello: bytes, expected: str) -> None:
    stage = Stage()
    request = connect_as("winhttp", "name.example")
    stage.add([client(request), server(ESTABLISHED), client(hello)])
    (row,) = settled(stage)
    assert row["client_family"] == expected


def test_without_a_hello_the_connect_alone_tells() -> None:
    stage = Stage()
    stage.add([client(connect_as("winhttp", "name.example")), server(ESTABLISHED)])
    (row,) = settled(stage)
    assert (row["client_family"], row["client_family_by"]) == ("winhttp", "CONNECT with a Host with port and no user agent")
