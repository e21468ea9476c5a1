"""The input of a picture: a flow table, its verdict document, and a study's marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analyzer.errors import Unusable
from analyzer.report.plots.palette import colours_of
from analyzer.text.labels import ProxyLabel, shortest_unique, source_label

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.studies.moments import Moments
    from analyzer.verdict.evidence import Evidence


@dataclass(frozen=True)
class Scene:
    """A verdict and its flows.

    flows     the flow table
    verdict   the verdict document
    marks     as in the study document: `at` (RFC 3339), `what`
    alone     times without a user, (start, end) in RFC 3339
    """

    flows: pa.Table
    verdict: Mapping[str, Any]
    marks: Sequence[Mapping[str, Any]] = ()
    alone: Sequence[tuple[str, str]] = ()

    @cached_property
    def evidence(self) -> Evidence:
        from analyzer.routes.topology import Topology
        from analyzer.verdict.evidence import evidence_of

        return evidence_of(self.flows, Topology())

    @cached_property
    def moments(self) -> Moments:
        from analyzer.studies.moments import moments_of

        return moments_of(self.evidence)

    @cached_property
    def labels(self) -> dict[str, ProxyLabel]:
        """ip:port → the proxy's label, for every proxy of the verdict and of the flows."""
        found = {address: ProxyLabel(address, *names) for address, names in self.evidence.proxy_names.items()}
        return found | {p["proxy"]: ProxyLabel(p["proxy"], p["name"], p["method"]) for p in self.verdict["proxies"]}

    @cached_property
    def brief(self) -> dict[str, str]:
        """Short forms of addresses of proxies without a name, still distinct, for narrow places."""
        return shortest_unique(sorted(address for address, label in self.labels.items() if label.name is None))

    @cached_property
    def colours(self) -> dict[str, str]:
        """ip:port → its colour, the same in every picture of this verdict."""
        by_label = colours_of(self.labels.values())
        return {address: by_label[label] for address, label in self.labels.items()}

    @classmethod
    def of_test(cls, test: Mapping[str, Any], flows: pa.Table) -> Scene:
        """The scene of one test of a study document, with its marks and the times without a user."""
        alone = list(dict.fromkeys((silence["start"], silence["end"]) for silence in test["silence"]))
        return cls(flows, test["verdict"], test["marks"], alone)

    def sources(self, source: str | None) -> list[Mapping[str, Any]]:
        """The verdict's entry of one source (its address or name), or of all. Errors: Unusable, there is no such source."""
        entries: list[Mapping[str, Any]] = self.verdict["sources"]
        if source is None:
            return entries
        chosen = [entry for entry in entries if source in (entry["client_ip"], entry["name"])]
        if not chosen:
            known = ", ".join(entry["client_ip"] for entry in entries[:5])
            raise Unusable(f"no source {source!r}", "source", f"give one of {known}" if known else "there is none in this traffic")
        return chosen

    def whose(self, source: str | None) -> str:
        """The sources in a picture, for its alternative text: one source's label, or the number."""
        chosen = self.sources(source)
        if len(chosen) == 1:
            return source_label(chosen[0]["client_ip"], chosen[0]["name"])
        return f"{len(chosen):,} sources"
