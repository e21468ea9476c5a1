"""A kernel's instructions in callgrind's profile: its own, and those of all functions it calls."""

from __future__ import annotations

from tests.benchmarks.instructions import REST, by_path, inclusive

PROFILE = """\
events: Ir
fn=(1) 0x000000000000abcd
0 7
fn=(2) __pyx_pw_8analyzer_8compiled_8_packets_1entry_decode_frames
0 10
cfn=(3) __pyx_f_8analyzer_8compiled_8_packets_decode_frame
calls=4 0
0 500
fn=(3)
+3 500
fn=(4) __pyx_pw_8analyzer_8compiled_8_streams_13entry_settle
* 20
totals: 1037
"""


def test_a_kernel_has_what_it_calls_counted_with_it() -> None:
    assert inclusive(PROFILE) == {"decode_frames": 510, "settle": 20}


def test_every_kernel_belongs_to_one_path() -> None:
    paths = by_path({"decode_frames": 510, "settle": 20, "fill_hosts": 3, "index_pcap": 1, "index_pcapng": 2})
    assert (paths["decoding"], paths["finding frames"], paths[REST], paths["keys"]) == (510, 3, 23, 0)
