"""How many captures, flows and names an engine reads as others did."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from tests.conftest import ORACLES
from tests.oracles.compare import Record, Row, expected_names, find_row, flow_text, names_of, read_records
from tests.oracles.engines import ENGINES, EXCEPTIONS, REFUSED


@dataclass
class Totals:
    """Counts over captures. Names are those of the four columns that expected.jsonl knows."""

    captures: int = 0
    refused: int = 0
    no_answer: int = 0  # captures whose names aren't known: not counted below
    flows: int = 0
    flows_expected: int = 0  # those of which a name is known
    names_right: int = 0
    names_missing: int = 0
    names_wrong: int = 0
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = [f"{getattr(self, item.name)} {item.name.replace('_', ' ')}" for item in fields(self) if item.type == "int"]
        return "\n  ".join([", ".join(counts), *(f"missing: {line}" for line in self.missing), *(f"wrong: {line}" for line in self.wrong)])

    def add(self, record: Record, rows: list[Row], settled: set[str]) -> None:
        """Count one capture. settled: differences of which exceptions.toml says that the rows are right."""
        self.flows += len(rows)
        matched = set()
        for known in record["hosts"]:
            row, wanted = find_row(known, rows), expected_names(known)
            matched.add(id(row))
            self.flows_expected += 1
            for column, got in (names_of(row) if row else dict.fromkeys(wanted)).items():
                line = f"{flow_text(known)} {column}: expected {' or '.join(wanted[column]) or None}, got {got}"
                self.add_name(f"{record['file']} {line}", got, [got] if line in settled else wanted[column])
        for row in rows:
            for column, got in names_of(row).items() if id(row) not in matched else ():
                self.add_name(f"{record['file']} {row['client_ip']} {column}: unexpected {got}", got, [])

    def add_name(self, line: str, got: str | None, wanted: list[str | None]) -> None:
        if got is None and wanted:
            self.names_missing += 1
            self.missing.append(line)
        elif got is not None and got not in wanted:
            self.names_wrong += 1
            self.wrong.append(line)
        elif got is not None:
            self.names_right += 1


def totals(engine: str) -> Totals:
    """The counts over all captures of expected.jsonl."""
    result = Totals()
    for record in read_records(ORACLES):
        known = EXCEPTIONS.get(record["file"], {})
        result.captures += 1
        try:
            rows = ENGINES[engine](str(ORACLES / record["file"]))
        except REFUSED:
            result.refused += 1
            continue
        if known.get("no_answer"):
            result.no_answer += 1
        else:
            right = known.get("difference", []) if known.get("right") == "rows" else []
            result.add(record, rows, {difference["is"] for difference in right})
    return result
