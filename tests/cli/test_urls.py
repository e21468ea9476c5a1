"""Captures behind URLs, as a user meets them: a real S3 server and a web server on loopback; no output has a secret of a URL."""

from __future__ import annotations

import json
import logging
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import s3fs
from moto.server import ThreadedMotoServer

import analyzer
from tests.build import pcap
from tests.capture.web import Web, serving
from tests.cli.conftest import Whichproxy, tunnel

KEY, PASSWORD, SIGNATURE = "AKIASECRETSECRET", "pa55w0rd", "s1gn4ture"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A real S3 server's address; credentials and address are where botocore looks for them."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": address,
        }.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        yield address
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture(scope="module")
def series(s3: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two gateways' captures, each rotated in the middle of tunnels, their times overlapping: in a folder, and under s3://captures."""
    folder = tmp_path_factory.mktemp("captures")
    for gateway, proxy in (("gw1", "172.16.12.10"), ("gw2", "172.16.12.11")):
        frames = sorted(frame for i in range(6) for frame in tunnel(number=i, proxy=proxy).frames)
        (folder / gateway / "day").mkdir(parents=True)
        for i in range(4):
            part = frames[i * len(frames) // 4 : (i + 1) * len(frames) // 4]
            (folder / gateway / "day" / f"ring_{i + 9}.pcap").write_bytes(pcap(part))
    (folder / "gw1" / "notes.txt").write_text("hello", encoding="ascii")
    s3fs.S3FileSystem().mkdir("captures")
    s3fs.S3FileSystem().put(str(folder), "captures", recursive=True)
    return folder


def of_captures(verdict: dict[str, Any], folder: str) -> dict[str, Any]:
    """The verdict with the captures' names from the folder on."""
    named: dict[str, Any] = json.loads(json.dumps(verdict).replace(folder, "HERE"))
    return named


def test_what_lies_in_an_object_store_gives_the_same_as_in_a_folder(series: Path, whichproxy: Whichproxy) -> None:
    stored = f"s3://captures/{series.name}"
    for below in ("", "/gw*/day/*.pcap", "/gw1"):
        here, there = whichproxy("report", f"{series}{below}", "--json"), whichproxy("report", f"{stored}{below}", "--json")
        assert (there.code, there.err.replace(stored, str(series))) == (here.code, here.err) and here.code == 0
        assert of_captures(json.loads(there.out), stored) == of_captures(json.loads(here.out), str(series))
    assert (
        analyzer.read(stored)
        .flows.drop(columns=["capture", "captures"])
        .equals(analyzer.read(str(series)).flows.drop(columns=["capture", "captures"]))
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://captures/none.pcap", "s3://captures/none.pcap: no such object"),
        ("s3://no-such-bucket/a", "s3://no-such-bucket/a: no such object (NoSuchBucket, 404)"),
        ("s3://captures/*.none", "s3://captures/*.none: no object fits it"),
        ("sauce://host/a", "sauce://host/a: nothing here reads such a URL"),
    ],
)
def test_what_is_not_there_is_one_line(s3: str, series: Path, whichproxy: Whichproxy, url: str, said: str) -> None:
    ended = whichproxy("report", url)
    assert (ended.code, ended.out, len(ended.lines)) == (2, "", 1)
    assert ended.err.startswith(f"whichproxy: {said}")


def test_a_store_that_denies(s3: str, series: Path, whichproxy: Whichproxy) -> None:
    def enforce(after: bytes) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{s3}/moto-api/reset-auth", after, {"Content-Type": "text/plain"})):
            pass

    enforce(b"0")
    try:
        ended = whichproxy("report", f"s3://captures/{series.name}/gw1/day/ring_9.pcap")
        listed = whichproxy("report", f"s3://captures/{series.name}/gw1/day/*.pcap")
    finally:
        enforce(b"inf")
    for each in (ended, listed):
        assert each.code == 2 and len(each.lines) == 1
        assert "access is denied" in each.err and "from where fsspec takes them" in each.err
        assert KEY not in each.err and PASSWORD not in each.err


@pytest.fixture
def web(capture: Path) -> Iterator[Web]:
    with serving({"day/sensor.pcap": capture.read_bytes(), "day/notes.txt": b"hello"}) as server:
        yield server


def secret(web: Web, path: str) -> str:
    return f"http://{KEY}:{PASSWORD}@127.0.0.1:{web.port}/{path}?X-Amz-Signature={SIGNATURE}&versionId=7"


def files_in(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(pq.read_table(path).to_pylist()).encode()


VERBS: dict[str, Callable[[str, Path, Path], list[str]]] = {
    "report": lambda url, out, _: ["report", url],
    "no verb": lambda url, out, _: [url, "-v"],
    "json": lambda url, out, _: ["report", url, "--json"],
    **{
        suffix: lambda url, out, _, suffix=suffix: ["report", url, "-o", str(out / f"report.{suffix}")]  # type: ignore[misc]
        for suffix in ("html", "md", "json-file.json", "ipynb")
    },
    **{
        suffix: lambda url, out, _, suffix=suffix: ["flows", url, "-o", str(out / f"flows.{suffix}")]  # type: ignore[misc]
        for suffix in ("csv", "jsonl", "parquet", "txt")
    },
    "topology": lambda url, out, _: ["topology", url, "-o", str(out / "topology.toml")],
    "study": lambda url, out, study: ["study", str(study), "-o", str(out / "study.html")],
    "study.json": lambda url, out, study: ["study", str(study), "-o", str(out / "study.json")],
    "study init": lambda url, out, _: ["study", "init", url, "-o", str(out / "new.toml")],
    "slice": lambda url, out, _: ["slice", url, "--proxy", "172.16.12.10:3128", "-o", str(out / "slice.pcapng")],
    "verify": lambda url, out, _: ["verify", url],
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_tells_what_opens_a_url(verb: str, web: Web, tmp_path: Path, whichproxy: Whichproxy) -> None:
    """User, password and signature are in no output; the version is, as it identifies the object."""
    out = tmp_path / "out"
    out.mkdir()
    url = secret(web, "day/sensor.pcap")
    study = tmp_path / "study.toml"
    study.write_text(f'[[test]]\ntitle = "one"\ncaptures = ["{url}"]\n', encoding="ascii")
    ended = whichproxy(*VERBS[verb](url, out, study))
    assert ended.code == 0, ended.err
    found = [ended.out.encode(), ended.err.encode(), *(data for _, data in files_in(out))]
    for hidden in (KEY, PASSWORD, SIGNATURE):
        assert not any(hidden.encode() in data for data in found), hidden
    if verb not in ("report", "slice", "no verb", "txt", "md", "verify"):
        assert any(b"/day/sensor.pcap?versionId=7" in data for data in found)


@pytest.mark.parametrize("verb", ["report", "flows", "slice", "verify", "topology"])
def test_nor_does_an_error(verb: str, web: Web, tmp_path: Path, whichproxy: Whichproxy) -> None:
    for path, said in (("day/none.pcap", "no such object (404)"), ("day/notes.txt", "not a capture")):
        ended = whichproxy(verb, secret(web, path), *(["--source", "10.0.0.1", "-o", tmp_path / "out"] if verb == "slice" else []))
        assert (ended.code, len(ended.lines)) == (2, 1) and said in ended.err, ended.err
        assert not any(hidden in ended.err for hidden in (KEY, PASSWORD, SIGNATURE))


def test_what_is_no_capture_lies_here(web: Web, capture: Path, whichproxy: Whichproxy) -> None:
    """Results, topologies and catalogues are files of this machine; messages show no more of their URLs than of captures'."""
    url = secret(web, "out.html")
    for args in (["-o", url], ["--topology", url], ["--catalogue", url], ["--expect", url]):
        ended = whichproxy("report", capture, *args)
        assert (ended.code, len(ended.lines)) == (2, 1), args
        assert "is a URL, and only captures are read from those" in ended.err, args
        assert not any(hidden in ended.err for hidden in (KEY, PASSWORD, SIGNATURE))
    for args in (["flows", capture, "-o", url], ["slice", capture, "--source", "10.0.0.1", "-o", url], ["topology", capture, "-o", url]):
        assert "is a URL" in whichproxy(*args).err, args
    assert web.asked == []


def test_what_is_missing_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    lacking = "whichproxy: gs://b/a: reading gs:// needs a package of its own"
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    ended = whichproxy("report", "gs://b/a")
    assert ended.code == 2 and len(ended.lines) == 1 and ended.err.startswith(lacking) and "'whichproxy[remote]'" in ended.err
    for name in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.setitem(sys.modules, name, None)
    ended = whichproxy("report", "s3://b/a?X-Amz-Signature=s1gn4ture")
    assert ended.code == 2 and len(ended.lines) == 1 and SIGNATURE not in ended.err
    assert "reading URLs needs fsspec, which isn't installed; install what reads them" in ended.err
