"""A second opinion in words and as data: inert, whole in a file, bounded on a screen."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from analyzer.report.opinion import MOST_FLOWS, OpinionReport, as_dict, frame_rows, plain_text, summary, to_json
from analyzer.second_opinion.compare import Comparison, FlowOpinion
from analyzer.second_opinion.tshark import Tshark
from analyzer.second_opinion.verify import Looked, Opinion

HOSTILE = "\x1b[31mevil\u202e.example"


def flow(number: int = 0, *lines: Comparison) -> FlowOpinion:
    lines = lines or (Comparison("sni", "a.example", "a.example", agrees=True, frames=[4]),)
    return FlowOpinion(f"id{number}", "x.pcap", "tcp", "192.0.2.1:1", "192.0.2.2:2", number, f"tcp.stream eq {number}", list(lines))


def opinion(*flows: FlowOpinion, **looked: Any) -> Opinion:
    return Opinion(Tshark("/usr/bin/tshark", "4.0.17"), list(flows), [Looked("x.pcap", **looked)])


def on_screen(said: Opinion, width: int) -> str:
    sink = io.StringIO()
    Console(file=sink, width=width, force_terminal=False).print(OpinionReport(said))
    return sink.getvalue()


def test_agreement_and_difference_are_the_first_line() -> None:
    assert summary(opinion(flow())).endswith("says the same: 1 flow, 1 fact, no difference.")
    differing = opinion(flow(), flow(1, Comparison("sni", "a", None, agrees=False)))
    assert summary(differing).endswith("differs in 1 of 2 facts, in 1 of 2 flows.")


def test_a_difference_has_frames_and_a_filter() -> None:
    text = plain_text(opinion(flow(7, Comparison("sni", "a.example", "b.example", agrees=False, frames=[4, 5]))))
    (line,) = (line for line in text.splitlines() if line.startswith("id7") and "#" in line)
    assert line.split() == ["id7", "sni", "a.example", "b.example", "#4", "and", "5", "tcp.stream", "eq", "7"]


def test_strangers_text_is_inert_everywhere() -> None:
    said = opinion(flow(0, Comparison("sni", HOSTILE, "b", agrees=False, note=HOSTILE)), complaint=HOSTILE)
    for text in (plain_text(said), on_screen(said, 80), to_json(said)):
        assert "\x1b" not in text and "\u202e" not in text


def test_a_screen_is_bounded_and_a_file_is_whole() -> None:
    many = opinion(*(flow(n) for n in range(MOST_FLOWS + 5)))
    assert "… and 5 more flows: --json has all" in on_screen(many, 100)
    assert plain_text(many).count("tcp.stream eq") == MOST_FLOWS + 5
    assert all(len(line) <= 20 for line in on_screen(many, 20).splitlines())


def test_what_was_not_looked_at_is_said() -> None:
    text = plain_text(opinion(flow(), frames=400, capped=True, left_out=3, complaint="cut short"))
    assert "looked at the first 400 packets only; 3 flows beyond them left out" in text
    assert "tshark stopped early: cut short" in text
    several = opinion(flow())
    several.in_several = 2
    assert "2 flows not compared: in more than one capture" in plain_text(several)


def test_the_data_is_plain_and_whole() -> None:
    said = opinion(flow(0, Comparison("sni", "a", "b", agrees=False, frames=[1], note="n")))
    assert json.loads(to_json(said)) == as_dict(said)
    assert as_dict(said)["flows"][0]["facts"] == [
        {"fact": "sni", "whichproxy": "a", "wireshark": "b", "agrees": False, "frames": [1], "note": "n"}
    ]
    assert frame_rows(said)["whichproxy"] == ["a"]
