"""pyshark's process: a job as JSON on stdin, lines of JSON on stdout; the last line holds the conversations."""

from __future__ import annotations

import json
import sys

from analyzer.second_opinion.dissect import dissect


def main() -> None:
    """Read the job, run it, and write the result."""

    def progress(frame: int) -> None:
        print(json.dumps({"frame": frame}), flush=True)

    print(json.dumps(dissect(json.load(sys.stdin), progress)), flush=True)


if __name__ == "__main__":
    main()
