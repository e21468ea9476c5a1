"""Both opinions on every capture at hand: `python -m tests.second_opinion`; exit code 1 on a difference that isn't explained."""

from __future__ import annotations

from analyzer.errors import Unusable
from tests.oracles.engines import EXCEPTIONS
from tests.second_opinion.whole import EXPLAINED, captures, differences, opinion_of


def main() -> int:
    """Print unexplained differences, explained ones that no longer differ, and totals."""
    seen = refused = flows = facts = explained = 0
    wrong = []
    for name, path in captures().items():
        try:
            opinion = opinion_of(path)
        except Unusable as error:
            refused += 1
            print(f"{name}: not read: {error}")
            continue
        if EXCEPTIONS.get(name, {}).get("no_answer"):
            print(f"{name}: nobody knows the answer; {opinion.differences} differences")
            continue
        found, known = differences(opinion), EXPLAINED.get(name, [])
        seen += 1
        flows += len(opinion.flows)
        facts += sum(len(flow.lines) for flow in opinion.flows)
        explained += len(set(found) & set(known))
        wrong += [f"{name}: {line}" for line in found if line not in known]
        wrong += [f"{name}: no longer differs: {line}" for line in known if line not in found]
    print(
        "\n".join([*wrong, f"{seen} captures, {refused} not read, {flows} flows, {facts} facts, {explained} explained, {len(wrong)} not"])
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
