"""How clients may have been set to use a proxy, by who asks it for what. A guess, with the reasons for it; packets don't show settings.

user                    → wininet   what a user's programs ask is what the user's setting says
system                  → winhttp   Windows' own services have no user
sensor, antivirus only, while system services ask another proxy, or go past the proxies → static
                                    Defender's own setting is the only one that reaches those two alone
sensor, antivirus only  → winhttp or static: nothing tells them apart
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
    """A method, and each reason for it → how many sources show it. `instead`: another method that it may be as well."""

    method: str
    instead: str | None = None
    because: dict[str, int] = field(default_factory=dict)


def guesses(proxy: str, sources: Iterable[Mapping[str, Any]], pac_files: int = 0) -> list[Guess]:
    """What may be the proxy's methods, the likeliest first; empty where there is no reason for any.

    sources    of the verdict document
    pac_files  how many clients were given a PAC file that names the proxy
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
    """Method, what it may be instead, and why."""
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
