"""The engine against the twin, column by column: captures of others, our own, messy ones, and bytes that mean nothing."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer.verdict
from analyzer import pipeline
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from analyzer.reading import read
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from tests.build import Conversation, client_hello, connect, messy_capture, pcap, socks4, socks4_reply
from tests.conftest import ORACLES, ROOT, needs_oracles
from tests.engine import engine_rows
from tests.oracles.engines import ENGINES, EXCEPTIONS, REFUSED
from tests.oracles.test_expected import RECORDS
from tests.reference import NotACapture, flows_of, rows_of
from tests.reference.agree import COMPARED, Row, disagreements, flow_text
from tests.reference.whole import whole_only

COUNTED = [*COMPARED[: COMPARED.index("state") + 1], "outer"]

# Where engine and twin differ on public captures, and why that is right.
AGREED = {
    "public/arkime__arkime/arkime_synthetic.pcap": "certificates that were captured in part: the twin reads no issuer of them",
    "public/zeek__zeek/vntag_vlan_sandwich_clean.pcap": "Cisco's VN-tag (802.1BR): the twin doesn't read it",
    "public/ntop__nDPI/fuzz-2006-09-29-28586.pcap": "numbers were changed: the twin reads what lies before a stream's first one",
    "public/arkime__arkime/CVE-2018-6794.pcap": "answers sent before they were asked for: the twin gives them to the next request",
    "public/ntop__nDPI/capwap.pcap": "802.11 in CAPWAP: the twin reads Ethernet in it alone",
    "public/seladb__PcapPlusPlus/ipv6.pcapng": "LISP (RFC 9300): the twin takes its port for any other",
    "public/the-tcpdump-group__libpcap/brcm-tag.pcap": "Ethernet with a switch's tag in it: the twin doesn't read the link type",
}


def without_tunnel_ids(rows: list[Row]) -> list[Row]:
    """The twin's rows without what the engine doesn't read: GTP's ids."""
    return [row | {"outer": re.sub(r"gtp-u \d+", "gtp-u", row["outer"]) if row["outer"] else None} for row in rows]


@needs_oracles
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["file"].removeprefix("public/"))
def test_public_captures(record: dict[str, Any]) -> None:
    path = str(ORACLES / record["file"])
    try:
        mine, theirs = (ENGINES[name](path) for name in ("engine", "twin"))
    except REFUSED:
        assert EXCEPTIONS[record["file"]]["refused_by"]
        return
    differing = disagreements(mine, without_tunnel_ids(theirs))
    less = "not_peeled_by" in EXCEPTIONS.get(record["file"], {})
    assert bool(differing) == (less or record["file"] in AGREED), differing
    if less:  # other flows, and what is inside isn't counted in the datagrams that carry it
        assert all(line.startswith(("only the ", "udp ")) for line in differing)


@pytest.mark.parametrize("path", sorted((ROOT / "captures").glob("*.pcapng")), ids=lambda path: path.stem)
def test_the_laboratorys_captures(path: Any) -> None:
    assert disagreements(engine_rows(path), without_tunnel_ids(flows_of(path))) == []


@pytest.mark.parametrize("first", range(0, 150, 25))
def test_messy_captures(first: int) -> None:
    """What is counted is the same whatever happened to the packets; what is read, where all of them were captured."""
    n_whole = 0
    for seed in range(first, first + 25):
        data = messy_capture(seed)
        mine, theirs = engine_rows(data), without_tunnel_ids(rows_of(("stream", data)))
        assert disagreements(mine, theirs, COUNTED) == [], seed
        if seed == 43:  # a SOCKS4 answer that breaks off, see below
            continue
        whole = whole_only(theirs, data)
        n_whole += len(whole)
        assert disagreements(whole_only(mine, data), whole) == [], seed
    assert n_whole > 5


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(lambda head, rest: head + rest, st.sampled_from([pcap([])[:n] for n in (4, 24)]), st.binary(max_size=300)),
    )
)
@settings(max_examples=150, deadline=None)
def test_random_files(data: bytes) -> None:
    try:
        theirs = without_tunnel_ids(rows_of(("stream", data)))
    except NotACapture:
        theirs = []
    try:
        mine = engine_rows(data)
    except Unusable:
        return
    assert disagreements(mine, theirs) == []


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=20))
@settings(max_examples=60, deadline=None)
def test_changed_files(seed: int, changes: list[tuple[int, int]]) -> None:
    """Never an error but Unusable."""
    data = bytearray(messy_capture(seed % 50))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        rows = engine_rows(bytes(data))
    except Unusable:
        return
    assert len({row["id"] for row in rows}) == len(rows), [flow_text(row) for row in rows]


def one_row(talk: Conversation) -> Row:
    (row,) = engine_rows(pcap(talk.frames, nanosecond=True))
    return row


def talk() -> Conversation:
    return Conversation(client=("10.0.0.1", 50000), server=("10.0.0.2", 3128)).handshake()


@pytest.mark.parametrize("answered", [0, 5, 8])
def test_a_socks4_request_counts_whatever_was_captured_of_the_answer(answered: int) -> None:
    row = one_row(talk().send_client(socks4("a.example", 443)).send_server(socks4_reply(90)[:answered]))
    assert (row["request"], row["requested_host"]) == ("socks4", "a.example")


@pytest.mark.parametrize("first", range(1, 8))
def test_a_hello_in_records_however_short(first: int) -> None:
    assert one_row(talk().send_client(connect("a.example:443")).send_client(client_hello("a.example", cuts=[first])))["sni"] == "a.example"


@pytest.mark.parametrize("workers", [1, 2])
def test_every_file_has_the_digest_of_all_its_bytes(workers: int, tmp_path: Path) -> None:
    whole = pcap(talk().frames)
    damaged = whole[:-20] + b"\xff" * 200_000
    files = {"whole.pcap": whole, "damaged.pcap": damaged, "more.pcap.gz": gzip.compress(whole) + bytes(1 << 21), "late.pcap": whole}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("one.pcap", whole)
        archive.writestr("two.pcap", damaged)
    (tmp_path / "t.pcapng").write_bytes((ROOT / "captures/T1-winhttp.pcapng").read_bytes())
    reading = read([str(tmp_path)], topology=Topology(), catalogue=load_catalogue(()), workers=workers, start_ns=1)
    reading.digests()
    found = {captured["path"]: captured["sha256"] for captured in reading.captures}
    expected = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert len(found) == 7 and set(found.values()) == set(expected.values())
    assert all(expected[name] == digest for name, digest in found.items() if name in expected)


def test_small_files_are_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pcap(talk().frames)
    (tmp_path / "x.pcap").write_bytes(content)
    opened: list[str] = []
    usual = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *more, **options: (opened.append(path.name), usual(path, *more, **options))[1])
    reading = read([str(tmp_path)], topology=Topology(), catalogue=load_catalogue(()))
    assert reading.captures[0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert opened.count("x.pcap") == 1


def test_judging_goes_on_beside_the_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest comes when the verdict is there, which would wait for ever if it waited for the digest."""
    (tmp_path / "x.pcap").write_bytes(pcap(talk().frames * 200))  # of a small one it is taken of what is read
    judged = threading.Event()
    monkeypatch.setattr(Source, "read_sha256", lambda source: setattr(source, "sha256", str(judged.wait(60))))
    known = analyzer.verdict.judge

    def and_then(*given: Any, **named: Any) -> Any:
        document = known(*given, **named)
        judged.set()
        return document

    monkeypatch.setattr(analyzer.verdict, "judge", and_then)
    reading = read([str(tmp_path / "x.pcap")], topology=Topology(), catalogue=load_catalogue(()))
    assert [capture["sha256"] for capture in pipeline.judge(reading)["captures"]] == ["True"]
    assert list(reading.digests()) == [capture["sha256"] for capture in reading.captures] == ["True"]


def test_a_digest_that_can_not_be_taken_is_an_error_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.pcap").write_bytes(pcap(talk().frames * 200))

    def gone(source: Source) -> None:
        raise FileNotFoundError(source.name)

    monkeypatch.setattr(Source, "read_sha256", gone)
    reading = read([str(tmp_path / "x.pcap")], topology=Topology(), catalogue=load_catalogue(()))
    with pytest.raises(FileNotFoundError):
        pipeline.judge(reading)
