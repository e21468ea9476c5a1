"""docs/article.md: each claim of the article beside what the laboratory's packets show.

Every figure and flow on the page comes from running captures/study.toml, and so does whether a claim is shown. What is written by hand are
the claims, and what packets can't say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from analyzer.routes.requests import flat_requests
from analyzer.studies.result import Study, StudyTest
from analyzer.text.labels import PLANES, counted, listed
from docs.laboratory import (
    CAPTURES,
    all_through,
    asked_of,
    blocked_of,
    capital,
    capture_name,
    carried_by,
    counts,
    flows_of,
    intended,
    moment,
    plane_entry,
    plane_or_none,
    tunnels_of,
    worked_inside,
)

FLOWS_NAMED: Final = 2
HEADINGS: Final = (
    ("The setup", ()),
    ("Test 1: only the WinHTTP proxy is configured", (0,)),
    ("Test 2: WinINET or WinHTTP?", (1,)),
    ("Test 3: only a WinINET proxy is configured", (2, 3)),
    ("Test 4: only a static proxy is configured", (4,)),
    ("Test 5: WinINET, WinHTTP and static proxy", (5,)),
    ("The summary", (6,)),
)

ABOUT: Final = """
The article's author watched Defender at a gateway. Here stand-ins that follow the documented rules were watched in the same way
([how](../captures/README.md)). So **shown** means: packets at a gateway show it, and whichproxy reads it from them. That Defender
itself behaves so is the author's observation; your own capture is where you see it. **not here**: nothing in these captures tells.

Every figure is read from the captures when this page is written (`python -m docs.build`), and a test reads them again. To see them:

```sh
whichproxy study captures/study.toml -o study.html
whichproxy slice captures/T2-winhttp-wininet.pcapng --flow ID -o flow.pcapng
```
"""

SILENT: Final = """
## Where the laboratory can't speak

- **Defender's own processes.** No Windows took part: curl, OpenSSL and Python play MsSense, MsMpEng, CryptoAPI, Edge and others. Each
  chooses its proxy by [rules that were written down](../captures/lab/components.py) from Microsoft's documents and this article. The
  captures show what these rules look like on the wire; they can't prove the rules.
- **The antivirus.** The article says nothing of it. That it takes the sensor's way is the laboratory's assumption; Microsoft's policy for
  it names no WinHTTP proxy, so the study says *differs* where WinHTTP carried it.
- **Processes and accounts.** Packets have neither. A plane (sensor, antivirus, system, user) is what the host tells.
- **Methods.** Packets show which proxy was asked. That PROX01 stands for WinHTTP is the topology file's word.
- **The portal.** The device timeline, the live response window and the cache on the workstation are outside the network.
- **The Client Analyzer.** It didn't run here. With its results in a [study](study.md) each of its lines is laid beside the capture.
- **How long things take.** Minutes of the article take seconds here. Payload sizes, pace and paths of uploads are made up.
- **Settings that nobody set here**: WPAD and PAC files, `PreferStaticProxyForHttpRequest`, proxies that ask for a password.

To ask Defender itself, capture at your gateway and describe your tests in a study of your own: the page it writes has these same
statements about your network.
"""


class Claim(NamedTuple):
    """One line of the page.

    says    what the article says
    seen    what the packets show
    shown   whether they show what is claimed; None: nothing here tells
    test    whose flows these are
    flows   that prove it
    """

    says: str
    seen: str
    shown: bool | None
    test: StudyTest | None = None
    flows: Sequence[str] = ()

    @property
    def word(self) -> str:
        return {True: "shown", False: "**not shown**", None: "not here"}[self.shown]


def article_page() -> str:
    """docs/article.md."""
    import analyzer
    from docs.build import WRITTEN, cell

    study = analyzer.study(CAPTURES / "study.toml")
    lines = ["# The article, claim by claim", "", WRITTEN, ABOUT.rstrip()]
    for (heading, tests), claims in zip(HEADINGS, claims_of(study), strict=True):
        lines += ["", f"## {heading}"]
        if tests:
            captures = [f"[{capture_name(study.tests[n])}](../captures/{capture_name(study.tests[n])})" for n in tests]
            lines += ["", f"{'Captures' if len(captures) > 1 else 'Capture'}: {listed(captures)}."]
        lines += ["", "| the article says | | the packets show | flows |", "| --- | --- | --- | --- |"]
        lines += [f"| {cell(c.says)} | {c.word} | {cell(c.seen)} | {proof(c)} |" for c in claims]
    return "\n".join([*lines, SILENT.rstrip()]) + "\n"


def claims_of(study: Study) -> list[list[Claim]]:
    """The claims under each heading, in the article's order."""
    only_winhttp, two, nobody, logon, only_static, three, recommended = study.tests
    return [
        _setup(study),
        _only_winhttp(only_winhttp),
        _two(two),
        _only_wininet(nobody, logon, only_static),
        _only_static(only_static),
        _three(three),
        _summary(study, recommended),
    ]


def proof(claim: Claim) -> str:
    """`T1`: `d577473ffa0fefc2` and 25 more."""
    if not claim.flows:
        return ""
    assert claim.test is not None
    ids = [f"`{flow}`" for flow in claim.flows[:FLOWS_NAMED]]
    more = [f"{len(claim.flows) - FLOWS_NAMED} more"] if len(claim.flows) > FLOWS_NAMED else []
    return f"{capture_name(claim.test).partition('-')[0]}: {listed([*ids, *more])}"


def _setup(study: Study) -> list[Claim]:
    counts = dict.fromkeys(("PROX01", "PROX02", "PROX03"), 0)
    for test in study.tests:
        for proxy in test.document["verdict"]["proxies"]:
            counts[proxy["name"]] += proxy["requests"]
    # Without their times: pyarrow gives nanoseconds only to those who have pandas loaded.
    wanted = ["request", "requested_host", "sni", "route", "state"]
    flows = [flow for test in study.tests for flow in test.table.select(wanted).to_pylist()]
    asked = [status for test in study.tests for status in flat_requests(test.table).status.tolist()]
    refused = asked.count(407)
    tunnels = [flow for flow in flows if flow["request"] == "connect"]
    named = [flow for flow in tunnels if flow["sni"]]
    alike = sum(flow["sni"].lower() == flow["requested_host"].lower() for flow in named)
    past = [flow for flow in flows if flow["route"] == "direct"]
    answered = sum(flow["state"] not in ("no-answer", "refused", "unreachable") for flow in past)
    runs = sum(len(test.document["analyzer_runs"]) for test in study.tests)
    return [
        Claim(
            "PROX01 receives what is configured by WinHTTP, PROX02 by WinINET (unauthenticated), PROX03 by the static setting",
            f"{listed([f'{proxy} was asked {n:,} times' for proxy, n in counts.items()])} in all tests; {refused or 'none'} of "
            f"{len(asked):,} requests was answered 407. Which method a proxy stands for is the topology file's word",
            all(counts.values()) and not refused,
        ),
        Claim(
            "Decrypting Defender's traffic isn't supported, so the proxy that the endpoint speaks to is what tells",
            f"Nothing was decrypted: all {len(tunnels):,} tunnels are named by their CONNECT, and in {alike:,} of the {len(named):,} "
            "with a server name in the ClientHello both say the same",
            bool(tunnels) and alike == len(named) and all(flow["requested_host"] for flow in tunnels),
        ),
        Claim(
            "The gateway blocks everything of the workstation except what goes to the proxies",
            f"{counted(len(past), 'attempt')} went past the proxies, {answered or 'none'} of them was answered",
            bool(past) and not answered,
        ),
        Claim(
            "The Client Analyzer runs between the tests",
            f"It didn't run here, and {runs or 'nothing'} of its shape was found in the captures",
            None,
        ),
    ]


def _only_winhttp(test: StudyTest) -> list[Claim]:
    planes = [plane_entry(test, plane) for plane in ("sensor", "antivirus", "system")]
    addresses = sorted({share["proxy"] for plane in planes for share in plane["by_proxy"]})
    flows = [flow for plane in ("sensor", "antivirus", "system") for flow in flows_of(test, plane)]
    lookups = sum(str(asked).split(".")[0].lower() == "wpad" for asked in test.lookups["name"].to_list())
    found = sum(finding["code"] == "pac-discovery" for finding in test.document["verdict"]["findings"])
    blocked = blocked_of(test)
    static = asked_of(test, "PROX03")
    return [
        _live("A live response session succeeds", test, "success", "PROX01"),
        Claim(
            "Traffic comes in over PROX01",
            f"{counts(test, ('sensor', 'antivirus', 'system'))}; no other proxy was asked",
            all_through(test, {"sensor": "PROX01", "antivirus": "PROX01", "system": "PROX01"}) and not static,
            test,
            flows,
        ),
        Claim(
            "The analyzer says `Method=NamedWinHttp, address=172.16.12.10:3128`",
            f"The proxy that carried everything is {listed(addresses)}; what the analyzer would say isn't in packets",
            addresses == ["172.16.12.10:3128"],
        ),
        Claim(
            "*1 - Default proxy: Succeeded (200)*: Defender can communicate this way",
            "The analyzer didn't run here. A tunnel that a proxy answers 200 and in which TLS goes on is what it looks like in packets",
            None,
        ),
        Claim(
            "*2 - Proxy auto discovery (WPAD): Succeeded (200)*, same as above",
            f"{counted(lookups, 'lookup')} of wpad, {counted(found, 'finding')} of discovery: nobody looked for a proxy by itself. The "
            "analyzer's second line succeeds by any proxy that Windows finds, so it is no proof of WPAD",
            None,
        ),
        Claim(
            "*3 - Proxy disabled: Failed (12002, timed out)*: the proxy is not disabled",
            f"{counted(len(blocked), 'direct attempt')} (by the clients' own record to {listed(list(intended(test)))}), none answered: a "
            "timeout is what dropping looks like. The line says that the direct way was tried and failed",
            None,
            test,
            blocked,
        ),
        Claim(
            "*4 - Named proxy*, *5 - Command line proxy: Doesn't exist*: no static proxy is configured",
            f"PROX03 was asked {counted(static, 'time')}",
            static == 0,
        ),
    ]


def _two(test: StudyTest) -> list[Claim]:
    return [
        Claim(
            "Defender prefers the WinHTTP proxy over WinINET",
            f"{counts(test, ('sensor', 'antivirus'))}, while PROX02 was there and carried {asked_of(test, 'PROX02')} other requests",
            all_through(test, {"sensor": "PROX01", "antivirus": "PROX01"}) and asked_of(test, "PROX02") > 0,
            test,
            [*flows_of(test, "sensor"), *flows_of(test, "antivirus")],
        ),
        _live("Live response goes through the WinHTTP proxy", test, "success", "PROX01"),
        Claim(
            "The user stays logged on; WinINET is theirs",
            f"{counts(test, ('user',))}. That somebody was logged on is the study file's word",
            all_through(test, {"user": "PROX02"}),
            test,
            flows_of(test, "user"),
        ),
        Claim("It makes sense, as the service runs as SYSTEM", "No account is in packets", None),
    ]


def _only_wininet(nobody: StudyTest, logon: StudyTest, only_static: StudyTest) -> list[Claim]:
    silence, after = nobody.document["silence"][0], logon.document["silence"][0]
    backlog = logon.document["backlog"]
    carried = {plane: carried_by(logon, plane, "PROX02") for plane in PLANES if carried_by(logon, plane, "PROX02")}
    inside = worked_inside(logon)
    reached = sorted({"configuration-management", "sample-upload"} & inside.keys())
    broken = [f for finding in logon.document["verdict"]["findings"] if finding["code"] == "tls-failed" for f in finding["flows"]]
    tunnels = tunnels_of(logon, "edr-command-and-control")
    alone = only_static.document["silence"][0]
    return [
        Claim(
            "While no user is logged on, Defender sends nothing",
            f"{capital(silence['text'])}",
            silence["silent"] and silence["requests"] == 0 and silence["other_flows"] > 0,
        ),
        _live("A live response session then times out", nobody, "timeout", None),
        Claim(
            "The device timeline shows no communication after the logoff",
            f"The timeline is the portal's. In the other capture: {after['text']}",
            None,
            logon,
            after["flows"],
        ),
        Claim(
            "What was cached is uploaded once a user has logged on",
            f"{capital(listed([entry['text'] for entry in backlog]))}. That it was cached packets don't show",
            len(backlog) == 1 and backlog[0]["name"] == "PROX02" and backlog[0]["logon"] is not None,
            logon,
            [flow for entry in backlog for flow in entry["flows"]],
        ),
        Claim(
            "Most of Defender's functions are available over WinINET",
            f"{counts(logon, tuple(carried))}; TLS inside went on for {listed(sorted(inside))}",
            {"sensor", "antivirus"} <= carried.keys() and len(inside) > 1,
            logon,
            [flow for plane in ("sensor", "antivirus") for flow in flows_of(logon, plane)],
        ),
        _live("Live response is the one that does not work: the session times out", logon, "timeout", None)._replace(
            seen=f"{logon.document['live_response']['reason']}. In all {len(broken)} of {tunnels} command-and-control tunnels broke off in "
            "the handshake: the stand-in rejects the certificate, as the laboratory made it do. The article doesn't say why",
            flows=broken,
        ),
        Claim(
            "By the analyzer only the SampleUpload and MdeConfigMgr URLs are reachable",
            f"{listed(reached)} worked here too, and so did edr-cyber-data with {inside.get('edr-cyber-data', 0)} tunnels: the article's "
            "own upload after logon needs it. The analyzer didn't run here",
            None,
        ),
        Claim(
            "With a static proxy beside it, everything works, also while no user is logged on",
            f"Not recorded in this combination. With the static proxy alone {alone['text']}",
            None,
            only_static,
            alone["flows"],
        ),
    ]


def _only_static(test: StudyTest) -> list[Claim]:
    rebooted = next(mark["at"] for mark in test.document["marks"] if "rebooted" in mark["what"])
    first = min(plane["by_proxy"][0]["first_seen"] for plane in test.document["verdict"]["sources"][0]["planes"])
    seconds = (moment(first) - moment(rebooted)).total_seconds()
    blocked = blocked_of(test)
    wanted = intended(test)
    updates = sum(n for host, n in wanted.items() if host.endswith("update.microsoft.com"))
    others = sorted(host for host in wanted if not host.endswith("update.microsoft.com"))
    return [
        Claim(
            "The static proxy serves sensor and antivirus",
            counts(test, ("sensor", "antivirus")),
            all_through(test, {"sensor": "PROX03", "antivirus": "PROX03"}),
            test,
            [*flows_of(test, "sensor"), *flows_of(test, "antivirus")],
        ),
        Claim(
            "After the reboot traffic comes in on PROX03",
            f"The first request came to PROX03 {seconds:.1f} s after the reboot was noted",
            seconds > 0,
            test,
            flows_of(test, "sensor")[:1],
        ),
        _live("Live response works", test, "success", "PROX03"),
        Claim(
            "The workstation has no other way to the internet; Windows Update has none either",
            f"{counted(len(blocked), 'direct attempt')}, none answered. Packets show addresses only; the clients' own record says that "
            f"{updates} were for Windows Update and {sum(wanted.values()) - updates} for {listed(others)}",
            bool(blocked) and updates > 0 and sum(wanted.values()) == len(blocked) and not test.document["verdict"]["direct"]["allowed"],
            test,
            blocked,
        ),
    ]


def _three(test: StudyTest) -> list[Claim]:
    return [
        _live("A live response session uses the static proxy", test, "success", "PROX03"),
        Claim(
            "*Which one wins?* (the text answers for live response alone)",
            counts(test, ("sensor", "antivirus")),
            all_through(test, {"sensor": "PROX03", "antivirus": "PROX03"}),
            test,
            [*flows_of(test, "sensor"), *flows_of(test, "antivirus")],
        ),
        Claim(
            "User based services primarily use the WinINET proxy",
            counts(test, ("user",)),
            all_through(test, {"user": "PROX02"}),
            test,
            flows_of(test, "user"),
        ),
        Claim(
            "All other services of SYSTEM use the WinHTTP proxy",
            counts(test, ("system",)),
            all_through(test, {"system": "PROX01"}),
            test,
            flows_of(test, "system"),
        ),
        Claim("The Client Analyzer's results", "A picture in the article, of which its text says nothing", None),
    ]


def _summary(study: Study, recommended: StudyTest) -> list[Claim]:
    by_static = [test for test in study.tests if "static" in test.document["configured"]]
    by_user = [test for test in study.tests if plane_or_none(test, "user")]
    carried = sum(all_through(test, {"sensor": "PROX03", "antivirus": "PROX03"}) for test in by_static)
    worked = sum(test.document["live_response"]["outcome"] == "success" for test in by_static)
    theirs = sum(all_through(test, {"user": "PROX02"}) for test in by_user)
    return [
        Claim(
            "WinINET together with a static proxy serves users and security team best",
            f"That is advice. What bears on it: the static proxy carried sensor and antivirus in {carried} of {len(by_static)} tests that "
            f"had one, and live response worked in {worked} of them; WinINET carried the user's programs in {theirs} of the {len(by_user)} "
            "tests in which they were seen",
            None,
        ),
        Claim(
            "The two together, without a third, offer the most",
            f"{counts(recommended, ('sensor', 'antivirus', 'user'))}. Live response: {recommended.document['live_response']['reason']}; "
            f"{counted(len(blocked_of(recommended)), 'attempt')} past the proxies, revocation lists among them, went nowhere",
            all_through(recommended, {"sensor": "PROX03", "antivirus": "PROX03", "user": "PROX02"}),
            recommended,
            [flow for plane in ("sensor", "antivirus", "user") for flow in flows_of(recommended, plane)],
        ),
    ]


def _live(says: str, test: StudyTest, outcome: str, proxy: str | None) -> Claim:
    live = test.document["live_response"]
    return Claim(
        says,
        live["reason"],
        live["outcome"] == outcome and live["name"] == proxy,
        test,
        live["flows"],
    )
