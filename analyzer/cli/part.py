"""`flows --partial`: the packets of some files as a part."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.errors import NothingReadable, Unusable


def check_part_options(output: str | None, format: object, others: Sequence[object]) -> None:
    """Raise an error for options that don't apply to a part, which is written to a file, in full and before naming. Errors: Unusable."""
    if output is None:
        raise Unusable("a part goes to a file", "--partial", "name one with -o X.part")
    if format is not None or any(others):
        what = "a part holds what the packets say, whole and before anything has a name"
        raise Unusable(what, output, "choose, name and arrange where it is read: whichproxy merge, flows or report")


def write_partial(
    inputs: Sequence[str], output: str, *, topology: str | None, start: str | None, end: str | None, tz: str, quiet: bool
) -> int:
    """Write the inputs' packets as a part to the file; returns the exit code."""
    from analyzer.capture.inputs import open_inputs
    from analyzer.cli.reading import checked, say_unread, say_written
    from analyzer.parts.file import part_bytes
    from analyzer.parts.together import together
    from analyzer.reading import part_of_captures, parts_and_tables
    from analyzer.text.files import check_writable, write_whole
    from analyzer.text.words import counted

    check_writable(output, inputs)
    question = checked(inputs, topology=topology, catalogues=None, start=start, end=end, workers=1, quiet=quiet, tz=tz)
    found = open_inputs(inputs, question.topology.vxlan_ports)
    parts, tables = parts_and_tables(found)
    if tables:
        raise Unusable("a flow table doesn't become a part again", found.results[0])
    if found.sources:
        with question.until_interrupted():
            parts.append(part_of_captures(found.sources, question.start_ns, question.end_ns))
    if not parts:
        raise NothingReadable(found.unusable)
    whole = together(parts)
    write_whole(output, [part_bytes(whole)])
    say_written(question, output, f"a part of {counted(len(whole.names), 'capture')}")
    return say_unread(found.unusable, found.skipped, quiet=quiet)
