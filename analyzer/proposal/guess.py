"""The methods by which clients may use a proxy, guessed from their requests, with reasons; packets don't show settings.

user                    → wininet   a user's programs follow the user's setting
system                  → winhttp   Windows' own services have no user
sensor, antivirus only, while system services use another proxy, or go direct → static
                                    only Defender's own setting applies to those two planes alone
sensor, antivirus only  → winhttp or static: nothing distinguishes them
named by a PAC file     → pac
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OWN_PLANES = ("sensor", "antivirus")
PAST = ("direct", "blocked")

USERS = "users' programs ask it"
SYSTEMS = "Windows' own services ask it"


@dataclass
class Guess:
    """A method, and each reason for it → the number of sources that show it. `instead`: another possible method."""

    method: str
    instead: str | None = None
    because: dict[str, int] = field(default_factory=dict)


def guesses(proxy: str, sources: Iterable[Mapping[str, Any]], pac_files: int = 0) -> list[Guess]:
    """The proxy's possible methods, the likeliest first; empty where there is no reason for any.

    sources    of the verdict document
    pac_files  the number of clients that were given a PAC file naming the proxy
    """
    found: dict[tuple[str, str | None], Guess] = {}
    for source in sources:
        for method, instead, why in _of_source(proxy, source):
            guess = found.setdefault((method, instead), Guess(method, instead))
            guess.because[why] = guess.because.get(why, 0) + 1
    sure = {method for method, instead in found if instead is None}
    kept = [guess for guess in found.values() if guess.instead is None or not sure]
    kept.sort(key=lambda guess: (-sum(guess.because.values()), guess.method))
    if pac_files:
        kept.append(Guess("pac", None, {"a PAC file names it": pac_files}))
    return kept


def _of_source(proxy: str, source: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """(method, the other possible method, reason)."""
    asked = {plane["plane"]: plane["asked"] for plane in source["planes"] if plane["asked"] is not None}
    users, systems = asked.get("user") == proxy, asked.get("system") == proxy
    if users:
        yield "wininet", None, USERS
    if systems:
        yield "winhttp", None, SYSTEMS
    own = [plane for plane in OWN_PLANES if asked.get(plane) == proxy]
    if not own or users or systems:
        return
    which = " and ".join(own)
    if (other := asked.get("system")) is not None:
        yield "static", None, f"it is asked for {which}'s hosts, while Windows' own services ask {other}"
    elif any(row["plane"] == "system" and row["outcome"] in PAST for row in (*source["planes"], *source["services"])):
        yield "static", None, f"it is asked for {which}'s hosts, while Windows' own services go past the proxies"
    else:
        yield (
            "winhttp",
            "static",
            f"it is asked for {which}'s hosts, and nothing of Windows' own services was seen, which would tell the two apart",
        )
