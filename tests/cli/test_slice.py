"""`whichproxy slice`: what is written, what is said, and what isn't touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Whichproxy, apart
from tests.conftest import ROOT

T5 = ROOT / "captures" / "T5-all-three.pcapng"


def test_a_slice_is_read_by_wireshark_and_by_us(whichproxy: Whichproxy, tmp_path: Path) -> None:
    out = tmp_path / "s.pcapng"
    ended = whichproxy("slice", T5, "--service", "edr-command-and-control", "-o", out)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    said = subprocess.run(["tshark", "-r", str(out), "-q", "-z", "conv,tcp"], capture_output=True, text=True, check=True)
    assert said.stdout.count("<->") == 5 and "cut short" not in said.stderr
    assert whichproxy("report", out).out.startswith("172.16.11.92: 172.16.12.12:3128 won for sensor.")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ((), "nothing to choose by; name --flow, --finding, --source, --service or --proxy"),
        (("--service", "edr-comand-and-control"), "'edr-comand-and-control' is no service; did you mean 'edr-command-and-control'?"),
        (("--source", "workstation"), "'workstation' does not appear to be an IPv4 or IPv6 address"),
        (("--proxy", "proxy:3128"), "'proxy:3128' is no proxy's address"),
        (("--source", "192.0.2.1"), "no flow fits all of this"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    options: tuple[str, ...], line: str, whichproxy: Whichproxy, tmp_path: Path
) -> None:
    out = tmp_path / "s.pcapng"
    out.write_bytes(b"what was there before")
    ended = whichproxy("slice", T5, *options, "-o", out)
    assert ended.code == 2 and line in ended.err and len(ended.lines) == 1
    assert out.read_bytes() == b"what was there before"


def test_an_anonymized_slice_and_its_topology_say_the_same(whichproxy: Whichproxy, tmp_path: Path) -> None:
    key, out, again = tmp_path / "key", tmp_path / "a.pcapng", tmp_path / "b.pcapng"
    key.write_bytes(bytes(range(32)))
    topology = ROOT / "captures" / "topology.toml"
    for path in (out, again):
        ended = whichproxy("slice", T5, "--topology", topology, "--anonymize", "--key", key, "-o", path)
        assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert out.read_bytes() == again.read_bytes()
    beside = tmp_path / "a.topology.toml"
    assert "WORKSTATION" not in beside.read_text() and "PROX01" not in beside.read_text()
    said = whichproxy("report", out, "--topology", beside).out
    assert "proxy-3 (static) won for sensor and antivirus; proxy-1 (WinHTTP) won for system; proxy-2 (WinINET) won for user" in " ".join(
        said.split()
    )
    assert "tls-inspected" not in said and "172.16." not in said


def test_without_a_key_no_two_slices_are_alike(whichproxy: Whichproxy, capture: Path, tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("a.pcapng", "b.pcapng")]
    for path in made:
        assert whichproxy("slice", capture, "--anonymize", "-o", path).code == 0
    assert made[0].read_bytes() != made[1].read_bytes() and not (tmp_path / "a.topology.toml").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--key", "KEY"), "a key without --anonymize"),
        (("--anonymize", "--key", "KEY"), "a key of 5 bytes can be guessed"),
        (("--anonymize", "--key", "nowhere"), "can't be read: No such file or directory; make one: openssl rand -out FILE 32"),
    ],
)
def test_keys_that_are_none(options: tuple[str, ...], line: str, whichproxy: Whichproxy, capture: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    given = [str(tmp_path / "key") if word == "KEY" else word for word in options]
    ended = whichproxy("slice", capture, *given, "--source", "172.16.11.92", "-o", tmp_path / "s.pcapng")
    assert ended.code == 2 and line in ended.err and not (tmp_path / "s.pcapng").exists()


def test_an_input_is_never_overwritten(whichproxy: Whichproxy, capture: Path) -> None:
    before = capture.read_bytes()
    ended = whichproxy("slice", capture, "--source", "172.16.11.92", "-o", capture)
    assert ended.code == 2 and "is one of the inputs" in ended.err and capture.read_bytes() == before


@pytest.mark.parametrize("proxy", ["172.16.12.10:3128", "172.16.12.10", "[::ffff:1]:3128"])
def test_proxies_in_every_spelling(proxy: str, whichproxy: Whichproxy, capture: Path, tmp_path: Path) -> None:
    ended = whichproxy("slice", capture, "--proxy", proxy, "-o", tmp_path / "s.pcapng", "--quiet")
    assert ended.code == (2 if proxy.startswith("[") else 0) and ("no flow fits" in ended.err) is proxy.startswith("[")


def test_standard_input_is_kept_and_read_twice(tmp_path: Path) -> None:
    out = tmp_path / "s.pcapng"
    with T5.open("rb") as file:
        child = apart("slice", "-", "--service", "smartscreen", "--cut", "-o", out, stdin=file, stderr=subprocess.PIPE)
        _, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (0, b"")
    assert b"in this slice: service smartscreen" in out.read_bytes()
