"""`whichproxy topology`: a topology file proposed from the traffic."""

from __future__ import annotations

import sys
from typing import Annotated

from analyzer.cli.options import Catalogues, End, Inputs, Quiet, Start, Workers, Zone, output_file

Output = Annotated[
    str | None,
    output_file("Write it there. A file that is there is left as it is."),
]


def topology(
    inputs: Inputs,
    output: Output = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Propose a topology file: the proxies that were seen at work, and what asked them.

    What packets prove are entries: addresses that answered as proxies do. How clients find them (method), machines' names
    and the gateway's policy are guesses, written as comments with the reasons for them. Give the proxies their names, take the # off
    what is right, and use the file with --topology: it changes no winner, it names them.

    \b
    Examples:
      whichproxy topology gateway.pcapng
      whichproxy topology captures/ -o proposed.toml

    \b
    Exit codes: 0 done, 2 unusable input or arguments, or the file is there already, 130 interrupted.
    """
    from analyzer.cli.reading import checked, read, say_unusable, say_written
    from analyzer.pipeline import judge
    from analyzer.proposal.draft import draft
    from analyzer.text.files import check_new, write_new
    from analyzer.text.words import counted

    if output is not None:
        check_new(output)
    question = checked(inputs, topology=None, catalogues=catalogue, start=start, end=end, workers=workers, quiet=quiet, tz=tz)
    reading = read(question, digests=False)
    verdict = judge(reading)
    text = draft(verdict, reading.lookups, reading.discoveries, [capture["path"] for capture in reading.captures])
    if output is None:
        sys.stdout.write(text)
    else:
        write_new(output, text)
        found = sum(line.startswith("[[proxy]]") for line in text.splitlines())
        say_written(question, output, f"{counted(found, 'proxy', 'proxies')}; name them, and check what is marked as a guess")
    return say_unusable(question, reading)
