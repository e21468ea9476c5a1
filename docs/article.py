"""docs/article.md: each claim of the article beside what the laboratory's packets show.

Every figure and flow on the page comes from running captures/study.toml, and so does whether a claim is shown. What is written by hand are
the claims, and what packets can't say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from analyzer.routes.requests import flat_requests
from analyzer.study_result import Study, StudyTest
from analyzer.text.labels import PLANES, all_of
from analyzer.text.words import counted
from docs.article_words import ABOUT, OFFLINE, SILENT, THREE_TYPES, THREE_TYPES_SAID
from docs.laboratory import (
    CAPTURES,
    all_through,
    asked_of,
    blocked_of,
    capital,
    capture_name,
    carried_by,
    counts,
    documented,
    flows_of,
    intended,
    moment,
    plane_entry,
    plane_or_none,
    sureness,
    times,
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
    ("Test 6, which the article recommends and doesn't make: static proxy and WinINET", (6,)),
)


class Claim(NamedTuple):
    """One line of the page.

    says    what the article says
    seen    what the packets show
    shown   whether they show what is claimed; None: the captures can't show it
    sure    whether the packets are enough to be sure
    test    the test with these flows
    flows   the flows that prove it
    """

    says: str
    seen: str
    shown: bool | None
    test: StudyTest | None = None
    flows: Sequence[str] = ()
    sure: bool = True

    @property
    def word(self) -> str:
        if self.shown and not self.sure:
            return "unclear"
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
            lines += ["", f"{'Captures' if len(captures) > 1 else 'Capture'}: {all_of(captures)}."]
        lines += ["", "| the article says | | the packets show | flows |", "| --- | --- | --- | --- |"]
        lines += [f"| {cell(c.says)} | {c.word} | {cell(c.seen)} | {proof(c)} |" for c in claims]
    return "\n".join([*lines, SILENT.rstrip()]) + "\n"


def claims_of(study: Study) -> list[list[Claim]]:
    """The claims under each heading, in the article's order."""
    only_winhttp, two, logged_off, logon, only_static, three, recommended = study.tests
    return [
        _setup(study),
        _only_winhttp(only_winhttp),
        _two(two),
        _only_wininet(logged_off, logon, recommended),
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
    return f"{capture_name(claim.test).partition('-')[0]}: {all_of([*ids, *more])}"


def _setup(study: Study) -> list[Claim]:
    asked_times = dict.fromkeys(("PROX01", "PROX02", "PROX03"), 0)
    for test in study.tests:
        for proxy in test.document["verdict"]["proxies"]:
            asked_times[proxy["name"]] += proxy["requests"]
    # Without their times: pyarrow gives nanoseconds only to those who have pandas loaded.
    wanted = ["request", "requested_host", "sni", "route", "direct_outcome"]
    flows = [flow for test in study.tests for flow in test.table.select(wanted).to_pylist()]
    asked = [status for test in study.tests for status in flat_requests(test.table).status.tolist()]
    refused = asked.count(407)
    tunnels = [flow for flow in flows if flow["request"] == "connect"]
    named = [flow for flow in tunnels if flow["sni"]]
    alike = sum(flow["sni"].lower() == flow["requested_host"].lower() for flow in named)
    past = [flow for flow in flows if flow["route"] == "direct"]
    answered = sum(flow["direct_outcome"] != "blocked" for flow in past)
    runs = sum(len(test.document["analyzer_runs"]) for test in study.tests)
    return [
        Claim(THREE_TYPES_SAID, THREE_TYPES, None),
        Claim(
            "PROX01 receives what is configured by WinHTTP, PROX02 by WinINET (unauthenticated), PROX03 by the static setting",
            f"{all_of([f'{proxy} was asked {n:,} times' for proxy, n in asked_times.items()])} in all tests; {refused or 'none'} of "
            f"{len(asked):,} requests was answered 407. Which method each proxy is configured by is stated in the topology file",
            all(asked_times.values()) and not refused,
        ),
        Claim(
            "Decrypting Defender's traffic isn't supported, so the proxy that the endpoint speaks to shows the method",
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
            f"It didn't run here, and {counted(runs, 'run') if runs else 'no run'} of it was found in the captures",
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
            f"{counts(test, ('sensor', 'antivirus', 'system'))}; no other proxy was asked. {documented(test)}",
            all_through(test, {"sensor": "PROX01", "antivirus": "PROX01", "system": "PROX01"}) and not static,
            test,
            flows,
        ),
        Claim(
            "The analyzer says `Method=NamedWinHttp, address=172.16.12.10:3128`",
            f"The proxy that carried everything is {all_of(addresses)}; what the analyzer would say isn't in packets",
            addresses == ["172.16.12.10:3128"],
        ),
        Claim(
            "*1 - Default proxy: Succeeded (200)*: Defender can communicate this way",
            "The analyzer didn't run here. In packets this would be a tunnel that a proxy answers with 200 and in which TLS goes on",
            None,
        ),
        Claim(
            "*2 - Proxy auto discovery (WPAD): Succeeded (200)*, same as above",
            f"{counted(lookups, 'lookup')} of wpad, {counted(found, 'finding')} of discovery: no client looked for a proxy by itself. The "
            "analyzer's second line succeeds with any proxy that Windows finds, so it is no proof of WPAD",
            None,
        ),
        Claim(
            "*3 - Proxy disabled: Failed (12002, timed out)*: the proxy is not disabled",
            f"{counted(len(blocked), 'direct attempt')} (by the clients' own record to {all_of(list(intended(test)))}), none answered: a "
            "client whose packets are dropped reports a timeout. The line says that the direct way was tried and failed",
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
            f"{counts(test, ('sensor', 'antivirus'))}, while PROX02 was there and carried {asked_of(test, 'PROX02')} other requests. "
            f"{documented(test)}",
            all_through(test, {"sensor": "PROX01", "antivirus": "PROX01"}) and asked_of(test, "PROX02") > 0,
            test,
            [*flows_of(test, "sensor"), *flows_of(test, "antivirus")],
        ),
        _live("Live response goes through the WinHTTP proxy", test, "success", "PROX01"),
        Claim(
            "The user stays logged on; WinINET is theirs",
            f"{counts(test, ('user',))}. The study file states that a user was logged on",
            all_through(test, {"user": "PROX02"}),
            test,
            flows_of(test, "user"),
        ),
        Claim("It makes sense, as the service runs as SYSTEM", "No account is in packets", None),
    ]


def _only_wininet(logged_off: StudyTest, logon: StudyTest, recommended: StudyTest) -> list[Claim]:
    silence, after = logged_off.document["silence"][0], logon.document["silence"][0]
    backlog = logon.document["backlog"]
    carried = {plane: carried_by(logon, plane, "PROX02") for plane in PLANES if carried_by(logon, plane, "PROX02")}
    inside, possible = worked_inside(logon), worked_inside(logon, "service_possible")
    broken = [f for finding in logon.document["verdict"]["findings"] if finding["code"] == "tls-failed" for f in finding["flows"]]
    tunnels, of_sensor = tunnels_of(logon, "edr-command-and-control"), carried_by(logon, "sensor", "PROX02")
    together = recommended.document["silence"][0]
    channel = recommended.document["live_response"]
    return [
        Claim(
            "While no user is logged on, Defender sends nothing",
            f"{capital(silence['text'])}",
            silence["silent"] and silence["requests"] == 0 and silence["other_flows"] > 0,
        ),
        _live("A live response session then times out", logged_off, "timeout", None),
        Claim(
            "The device timeline shows no communication after the logoff",
            f"The timeline is the portal's. In the other capture: {after['text']}",
            None,
            logon,
            after["flows"],
        ),
        Claim(
            "What was cached is uploaded once a user has logged on",
            f"{capital(all_of([entry['text'] for entry in backlog]))}. That it was cached is likely; packets don't show it",
            len(backlog) == 1 and backlog[0]["name"] == "PROX02" and backlog[0]["logon"] is not None,
            logon,
            [flow for entry in backlog for flow in entry["flows"]],
        ),
        Claim(
            "Most of Defender's functions are available over WinINET",
            f"{counts(logon, tuple(carried))}. {documented(logon)}",
            {"sensor", "antivirus"} <= carried.keys() and len(inside) > 1,
            logon,
            [flow for plane in ("sensor", "antivirus") for flow in flows_of(logon, plane)],
        ),
        _live("Live response is the one that does not work: the session times out", logon, "timeout", None)._replace(
            seen=f"{sureness(logon)}. Of the sensor's {of_sensor} tunnels {len(broken)} broke in the handshake: {len(broken)} of the "
            f"{tunnels} to command and control; the other {of_sensor - tunnels} worked. "
            "The laboratory made the stand-in reject the certificate. The article doesn't say why it fails",
            flows=broken,
        ),
        Claim(
            "By the analyzer only the SampleUpload and MdeConfigMgr URLs are reachable",
            f"sample-upload worked {times(inside.get('sample-upload', 0))} here. Hosts of MdeConfigMgr were asked and answered "
            f"{times(possible.get('configuration-management', 0))}; Intune and Entra ask for them too, so it is only possible that it was "
            "Defender (`service_possible`). "
            f"edr-cyber-data worked {times(inside.get('edr-cyber-data', 0))} as well, which the article's own upload after logon needs. "
            "The analyzer didn't run here",
            None,
        ),
        Claim(
            "With a static proxy beside it, everything works, also while no user is logged on",
            f"T6 has both. {capital(together['text'])}. {sureness(recommended)}",
            not together["silent"]
            and channel["outcome"] == "success"
            and all_through(recommended, {"sensor": "PROX03", "antivirus": "PROX03"}),
            recommended,
            together["flows"],
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
    revocation = [finding["text"] for finding in test.document["verdict"]["findings"] if finding["code"] == "revocation-unreachable"]
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
            f"{updates} were for Windows Update and {sum(wanted.values()) - updates} for {all_of(others)}",
            bool(blocked) and updates > 0 and sum(wanted.values()) == len(blocked) and not test.document["verdict"]["direct"]["allowed"],
            test,
            blocked,
        ),
        Claim(
            "A great setup for disconnected environments",
            f"{capital(all_of(revocation))}. Where a device reaches revocation lists and Windows Update neither directly nor by WinHTTP, "
            f"Microsoft asks for two settings more: {OFFLINE}. Without them the antivirus cloud may answer 200 and still not "
            "work. No packet shows these settings",
            None,
            test,
            blocked,
        ),
    ]


def _three(test: StudyTest) -> list[Claim]:
    return [
        _live("A live response session uses the static proxy", test, "success", "PROX03"),
        Claim(
            "*Which one wins?* (the text answers for live response alone)",
            f"{counts(test, ('sensor', 'antivirus'))}. {documented(test)}",
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
        Claim("The Client Analyzer's results", "The article has them as a picture only, and its text doesn't describe them", None),
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
            f"This is advice. The facts for it: the static proxy carried sensor and antivirus in {carried} of {len(by_static)} tests that "
            f"had one, and live response worked in {worked} of them; WinINET carried the user's programs in {theirs} of the {len(by_user)} "
            "tests in which they were seen",
            None,
        ),
        Claim(
            "The two together, without a third, offer the most",
            f"{counts(recommended, ('sensor', 'antivirus', 'user'))}. {documented(recommended)}. Live response: {sureness(recommended)}. "
            f"What they don't offer: {counted(len(blocked_of(recommended)), 'attempt')} past the proxies were dropped (by the clients' own "
            f"record to {all_of(list(intended(recommended)))}); the settings named under test 4 apply here too",
            all_through(recommended, {"sensor": "PROX03", "antivirus": "PROX03", "user": "PROX02"}),
            recommended,
            [flow for plane in ("sensor", "antivirus", "user") for flow in flows_of(recommended, plane)],
        ),
    ]


def _live(says: str, test: StudyTest, outcome: str, proxy: str | None) -> Claim:
    live = test.document["live_response"]
    return Claim(
        says,
        sureness(test),
        live["outcome"] == outcome and live["name"] == proxy,
        test,
        live["flows"],
        live["confidence"] != "unclear",
    )
