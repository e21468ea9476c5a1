"""The process that pyshark runs in: a job as JSON on stdin, lines of JSON on stdout; the last holds the conversations."""

from __future__ import annotations

import json
import sys

from analyzer.second_opinion.dissect import dissect


def main() -> None:
    """Read the job, do it, and write what came out."""

    def progress(frame: int) -> None:
        print(json.dumps({"frame": frame}), flush=True)

    print(json.dumps(dissect(json.load(sys.stdin), progress)), flush=True)


if __name__ == "__main__":
    main()
