"""Own beats platform beats shared, exact beats suffix, the longest suffix wins; never a wrong match, whatever the name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.services.match import NOTHING, has_path_rule, is_defender_like, lookalike, match_host
from analyzer.services.rules import ContextHost, Rule, Service, is_regional

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("host", "service", "rule", "plane"),
    [
        ("winatp-gw-weu.microsoft.com", "edr-command-and-control", "winatp-gw-weu.microsoft.com", "sensor"),
        ("eu-v20.events.data.microsoft.com", "edr-cyber-data", "eu-v20.events.data.microsoft.com", "sensor"),
        ("europe.cp.wd.microsoft.com", "cloud-protection", "europe.cp.wd.microsoft.com", "antivirus"),
        ("new.cp.wd.microsoft.com", "cloud-protection", "*.wd.microsoft.com", "antivirus"),
        ("wd.microsoft.com", "cloud-protection", "*.wd.microsoft.com", "antivirus"),
        ("WD.Microsoft.Com.:443", "cloud-protection", "*.wd.microsoft.com", "antivirus"),
        ("x.api.security.microsoft.com", "security-portal", "*.api.security.microsoft.com", "user"),
        ("security.microsoft.com", "security-portal", "security.microsoft.com", "user"),
        ("nf.smartscreen.microsoft.com", "smartscreen", "nf.smartscreen.microsoft.com", "antivirus"),
        ("unitedstates4.ss.wd.microsoft.us", "smartscreen", "unitedstates4.ss.wd.microsoft.us", None),
        # an exact name before the shape that it has too, own before shared
        ("us5-v20.events.data.microsoft.com", "edr-cyber-data", "us5-v20.events.data.microsoft.com", "sensor"),
        ("automatedirstrprduks.blob.core.windows.net", "edr-sample-storage", "automatedirstrprduks.blob.core.windows.net", "sensor"),
    ],
)
def test_own_rules(host: str, service: str, rule: str, plane: str | None) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.service, match.evidence, match.is_regional) == (service, "own", False)
    assert (match.rule, match.plane, match.possible) == (rule, plane, None)


@pytest.mark.parametrize(
    ("host", "service", "rule", "plane"),
    [
        ("crl.microsoft.com", "certificate-trust", "crl.microsoft.com", "system"),
        ("mscrl.microsoft.com", "certificate-trust", "mscrl.microsoft.com", None),
        ("client.wns.windows.com", "push-notifications", "client.wns.windows.com", "system"),
        ("am3p.wns.windows.com", "push-notifications", "*.wns.windows.com", "system"),
        ("events.data.microsoft.com", "diagnostic-telemetry", "events.data.microsoft.com", "system"),
        ("au.download.windowsupdate.com", "security-intelligence-updates", "*.download.windowsupdate.com", "system"),
        # platform beats shared
        ("fe3cr.delivery.mp.microsoft.com", "security-intelligence-updates", "fe3cr.delivery.mp.microsoft.com", "system"),
        # SmartScreen is asked by the browser and by Network Protection: only the browser's own names show which
        ("nav.smartscreen.microsoft.com", "smartscreen", "*.smartscreen.microsoft.com", None),
        ("checkappexec.microsoft.com", "smartscreen", "*.checkappexec.microsoft.com", None),
        ("nav-edge.smartscreen.microsoft.com", "smartscreen", "nav-edge.smartscreen.microsoft.com", "user"),
        ("data-edge.smartscreen.microsoft.com", "smartscreen", "data-edge.smartscreen.microsoft.com", "user"),
        ("ping-edge.smartscreen.microsoft.com", "smartscreen", "ping-edge.smartscreen.microsoft.com", "user"),
    ],
)
def test_platform_rules_name_the_service(host: str, service: str, rule: str, plane: str | None) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.service, match.evidence, match.rule, match.plane, match.possible) == (service, "platform", rule, plane, None)


@pytest.mark.parametrize(
    ("host", "service", "rule"),
    [
        ("winatp-gw-swn.microsoft.com", "edr-command-and-control", "winatp-gw-*.microsoft.com"),
        ("WINATP-gw-in-c1.microsoft.com.", "edr-command-and-control", "winatp-gw-*.microsoft.com"),
        ("automatedirstrprdswn.blob.core.windows.net", "edr-sample-storage", "automatedirstr*.blob.core.windows.net"),
    ],
)
def test_a_region_that_no_list_prints_is_named_by_its_pattern(host: str, service: str, rule: str) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.service, match.evidence, match.rule, match.plane) == (service, "own", rule, "sensor")
    assert match.is_regional and is_regional(rule) and "at most likely" in match.why
    assert lookalike(CATALOGUE, host) is None


@pytest.mark.parametrize(
    "host",
    [
        "winatp-gw-.microsoft.com",  # no region at all
        "winatp-gw-a.b.microsoft.com",  # a region is in one label
        "winatp-gw-a_b.microsoft.com",
        "x.winatp-gw-swn.microsoft.com",
        "awinatp-gw-swn.microsoft.com",
        "winatp-gw-swn.microsoft.com.evil.example",
        "winatp-gw-swn.evil.example",
    ],
)
def test_names_that_a_regional_pattern_does_not_take_in(host: str) -> None:
    assert match_host(CATALOGUE, host) is NOTHING


@pytest.mark.parametrize(
    ("host", "plane", "service", "also"),
    [
        ("mdav.us.endpoint.security.microsoft.com", "antivirus", "cloud-protection", "sample-upload"),
        ("mdav.ch.endpoint.security.microsoft.com", "antivirus", "defender-consolidated", "cloud-protection"),
        ("edr-weu.eu.endpoint.security.microsoft.com", "sensor", "edr-command-and-control", "edr-sample-storage"),
        ("edr-chn.ch.endpoint.security.microsoft.com", "sensor", "defender-consolidated", "edr-command-and-control"),
        ("ch-v20.events.endpoint.security.microsoft.com", "sensor", "defender-consolidated", "edr-cyber-data"),
        ("edr-usgv.usg.endpoint.security.microsoft.us", "sensor", "defender-consolidated", "edr-sample-storage"),
        ("mdav.usm.endpoint.security.microsoft.us", "antivirus", "cloud-protection", "security-intelligence-updates"),
    ],
)
def test_consolidated_hosts_tell_the_plane_by_their_first_labels(host: str, plane: str, service: str, also: str) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.plane, match.service) == (plane, service)
    assert also in match.also and service not in match.also


@pytest.mark.parametrize(
    "host",
    [
        "endpoint.security.microsoft.com",
        "new.eu.endpoint.security.microsoft.com",
        "x.mdav.eu.endpoint.security.microsoft.com",
        "mdavx.eu.endpoint.security.microsoft.com",
        "edr.eu.endpoint.security.microsoft.com",
        "ch-v20.eu.endpoint.security.microsoft.com",
    ],
)
def test_other_consolidated_hosts_have_no_plane(host: str) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.service, match.plane, match.also) == ("defender-consolidated", None, ())


@pytest.mark.parametrize(
    ("host", "possible", "plane"),
    [
        ("login.live.com", "push-notifications", None),
        ("login.microsoftonline.com", "configuration-management", None),
        ("contoso.blob.core.windows.net", "monitoring-agent", None),
        ("emea.events.data.microsoft.com", "defender-core-telemetry", None),
        ("enterpriseregistration.windows.net", "configuration-management", None),
        ("checkin.dm.microsoft.com", "configuration-management", None),
        ("0f1e2d3c.ods.opinsights.azure.com", "monitoring-agent", None),
        ("a.agentsvc.azure-automation.net", "monitoring-agent", None),
        ("eu-mobile.events.data.microsoft.com", "defender-core-telemetry", None),
        ("packages.microsoft.com", "security-intelligence-updates", None),
        # other telemetry of Microsoft's has such names too
        ("in-v20.events.data.microsoft.com", "edr-cyber-data", None),
        ("fe2cr.update.microsoft.com", "security-intelligence-updates", None),
        # an exact shared rule and a context host of the same name: both speak
        ("v20.events.data.microsoft.com", "edr-cyber-data", "system"),
        ("config.edge.skype.com", "defender-core-configuration", "user"),
        ("mobile.events.data.microsoft.com", "defender-core-telemetry", None),
        ("ocsp.digicert.com", "certificate-trust", None),
        # the context host beats the wildcard, shared or own
        ("v10.events.data.microsoft.com", None, "system"),
        ("self.events.data.microsoft.com", None, "user"),
        ("slscr.update.microsoft.com", None, "system"),
        ("download.windowsupdate.com", None, "system"),
        ("edge.microsoft.com", None, "user"),
        # suffixes show whose traffic it is, too, and include the name itself
        ("fef.amsub0102.manage.microsoft.com", None, "system"),
        ("manage.microsoft.com", None, "system"),
        ("gbl.his.arc.azure.com", None, "system"),
        ("contoso-corpsensorapi.atp.azure.com", None, None),
    ],
)
def test_hosts_that_are_not_defenders_alone(host: str, possible: str | None, plane: str | None) -> None:
    match = match_host(CATALOGUE, host)
    assert (match.service, match.group, match.rule, match.evidence, match.also) == (None, None, None, None, ())
    assert (match.possible, match.plane) == (possible, plane)


@pytest.mark.parametrize(
    ("host", "path", "service", "evidence"),
    [
        ("www.microsoft.com", "/pkiops/crl/a.crl", "certificate-trust", "platform"),
        ("www.microsoft.com", "/pki/certs/a.crt", "certificate-trust", "platform"),
        ("www.microsoft.com", "/security/encyclopedia/ADLPackages.aspx", "security-intelligence-updates", "platform"),
        ("www.microsoft.com", "/en-us/", None, None),
        ("www.microsoft.com", None, None, None),
        ("pki.www.microsoft.com", "/pki/a", None, None),
        ("contoso.blob.core.windows.net", "/networkscannerstable/x.msi", "network-scanner", "own"),
        ("contoso.blob.core.windows.net", "/backup/networkscannerstable/x.msi", None, None),
        ("automatedirstrprduks.blob.core.windows.net", "/networkscannerstable/x.msi", "edr-sample-storage", "own"),
    ],
)
def test_a_path_rule_needs_a_visible_path(host: str, path: str | None, service: str | None, evidence: str | None) -> None:
    match = match_host(CATALOGUE, host, path)
    assert (match.service, match.evidence) == (service, evidence)
    assert match.plane == {"platform": "system", "own": "sensor", None: None}[evidence]


@pytest.mark.parametrize(
    "host",
    [
        "evilwd.microsoft.com",
        "notwd.microsoft.com",
        "evilwd.microsoft.com.attacker.example",
        "wd.microsoft.com.attacker.example",
        "x.wd.microsoft.com.attacker.example",
        "wd.microsoft.com\x00.attacker.example",
        "microsoft.com",
        "com",
        "ｗｄ.microsoft.com",
        "x.wd.microsoft.\u212aom",
        "crl.microsoft.com.evil",
        "..wd.microsoft.com",
        "172.16.12.10",
        "[2001:db8::1]:443",
        "",
        "a." * 5000 + "wd.microsoft.com",
        "a" * 10_000,
        None,
    ],
)
def test_names_that_no_rule_takes_in(host: str | None) -> None:
    match = match_host(CATALOGUE, host)
    assert match is NOTHING
    assert (match.service, match.plane, match.possible, match.why) == (None, None, None, "no rule takes in this name")


def test_of_two_paths_that_fit_the_longer_decides() -> None:
    urls = ("/x/*", "/x/y/*", "/*")
    one = [Rule("a.example", f"s{number}", "g", None, evidence="path", url_path=url) for number, url in enumerate(urls)]
    catalogue = Catalogue([Service(rule.service, "g") for rule in one], one)
    assert [match_host(catalogue, "a.example", path).service for path in ("/x/y/z", "/x/z", "/z")] == ["s1", "s0", "s2"]


def test_why_says_what_decided() -> None:
    assert match_host(CATALOGUE, "x.wd.microsoft.com").why == "*.wd.microsoft.com is the longest suffix that takes it in"
    assert match_host(CATALOGUE, "wdcp.microsoft.com").why == "wdcp.microsoft.com is listed by its full name"
    assert match_host(CATALOGUE, "www.microsoft.com", "/pki/a").why == "the path fits /pki/* of www.microsoft.com"
    assert match_host(CATALOGUE, "winatp-gw-swn.microsoft.com").why == (
        "winatp-gw-*.microsoft.com takes it in: a region that the lists don't print, at most likely"
    )
    assert "not enough to call it push-notifications" in match_host(CATALOGUE, "login.live.com").why
    assert match_host(CATALOGUE, "edge.microsoft.com").why == "not Defender's: known as Edge browser services"


@pytest.mark.parametrize(
    ("host", "looks_like"),
    [
        ("winatp-gw-xyz.microsoft.us", "edr-command-and-control"),
        ("ch-v20.events.data.microsoft.com", "edr-cyber-data"),
        ("automatedirstrprdchn.blob.core.usgovcloudapi.net", "edr-sample-storage"),
        ("tvmnetscanstableprdweu.blob.core.windows.net", "network-scanner"),
        ("onboardingpackagesneuprd.blob.core.windows.net", "security-portal"),
        ("wsch1northprod.blob.core.windows.net", "sample-upload"),
        ("mdav.eu.endpoint.security.microsoft.cn", "defender-consolidated"),
        ("wd-prod-cp-eu-north-2-fe.northeurope.cloudapp.azure.com", "cloud-protection"),
    ],
)
def test_unknown_names_that_look_defenders(host: str, looks_like: str) -> None:
    assert is_defender_like(CATALOGUE, host)
    found = lookalike(CATALOGUE, host)
    assert found is not None and found.service == looks_like


@pytest.mark.parametrize(
    "host",
    [
        "winatp-gw-weu.microsoft.com",  # known
        "v20.events.data.microsoft.com",
        "mobile.events.data.microsoft.com",
        "winatp-gw-xyz.microsoft.com.evil.example",
        "contoso.blob.core.windows.net",
        "wsusprod.blob.core.windows.net",
        "www.microsoft.com",
        "edge.microsoft.com",
        "172.16.12.10",
        None,
    ],
)
def test_names_that_are_known_or_look_like_nothing(host: str | None) -> None:
    assert not is_defender_like(CATALOGUE, host)


def test_has_path_rule() -> None:
    assert has_path_rule(CATALOGUE, "WWW.microsoft.com.")
    assert has_path_rule(CATALOGUE, "contoso.blob.core.windows.net")
    assert not has_path_rule(CATALOGUE, "wd.microsoft.com")
    assert not has_path_rule(CATALOGUE, None)


# The law against a slow twin: every rule is tried, and the best by a plain key is taken.

labels = st.sampled_from(["a", "b", "c", "ab", "a-c"])
names = st.lists(labels, min_size=1, max_size=4).map(".".join)
regional = st.builds(lambda label, rest: f"{label}.{rest}", st.sampled_from(["a*", "*b", "a*c", "*-c"]), names)
patterns = st.one_of(names, st.builds("*.{}".format, names), regional)
url_paths = st.sampled_from(["/x", "/x/*", "/x/y/*", "/networkscannerstable/*"])
paths = st.sampled_from([None, "/", "/x", "/x/y", "/x/y/z?q", "/networkscannerstable/z"])
rules = st.builds(
    lambda pattern, evidence, url_path, plane, number: Rule(pattern, f"s{number}", "g", plane, evidence=evidence, url_path=url_path),
    patterns,
    st.sampled_from(["own", "platform", "shared", "path"]),
    url_paths,
    st.sampled_from(["sensor", "antivirus", "system", "user", None]),
    st.integers(0, 10_000),
)


def distinct(rows: list[Rule]) -> list[Rule]:
    return list({(row.pattern, row.evidence, row.url_path if row.evidence == "path" else None): row for row in rows}.values())


def takes_in(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host == pattern[2:] or host.endswith(pattern[1:])
    before, star, after = pattern.partition("*")
    if not star:
        return host == pattern
    between = host[len(before) : len(host) - len(after)]
    return host == before + between + after and between != "" and "." not in between


def naive(rules: list[Rule], context: dict[str, str], host: str, path: str | None) -> tuple[str | None, str | None, str | None, str | None]:
    """(service, possible, evidence, plane) by trying every rule."""
    fits: list[tuple[tuple[int, ...], Rule, str]] = []
    for order, rule in enumerate(rules):
        counts, shape = rule.evidence, "*" in rule.pattern
        if not takes_in(rule.pattern, host) or (shape and host in context):
            continue
        if rule.evidence == "path":
            asked, wanted = (path or "").split("?")[0], rule.url_path or ""
            if path is None or not (asked == wanted or (wanted.endswith("/*") and asked.startswith(wanted[:-1]))):
                continue
            counts = "own" if wanted.startswith("/networkscannerstable/") else "platform"
        length = len(rule.pattern.removeprefix("*."))
        kind = 0 if not shape else 2 if rule.pattern.startswith("*.") else 1
        by_path = (rule.evidence != "path", -len(rule.url_path or "") if rule.evidence == "path" else 0)
        # a regional pattern is as long as it is written; of two as long the earlier pattern of the file decides
        first = next(at for at, row in enumerate(rules) if row.pattern == rule.pattern)
        fits.append(((["own", "platform", "shared"].index(counts), kind, -length, first, *by_path, order), rule, counts))
    known = [row for row in context if takes_in(row, host)]
    of_context = context[max(known, key=lambda row: (not row.startswith("*."), len(row)))] if known else None
    if not fits:
        return None, None, None, of_context
    _, best, counts = min(fits)
    if counts == "shared":
        return None, best.service, None, of_context
    return best.service, None, counts, best.plane if counts == "own" or best.plane in ("system", "user") else None


contexts = st.dictionaries(st.one_of(names, st.builds("*.{}".format, names)), st.sampled_from(["user", "system"]), max_size=3)


@given(st.lists(rules, max_size=12).map(distinct), contexts, names, paths)
def test_the_tree_agrees_with_trying_every_rule(rows: list[Rule], context: dict[str, str], host: str, path: str | None) -> None:
    catalogue = Catalogue(
        [Service(row.service, row.group) for row in rows], rows, [ContextHost(name, plane) for name, plane in context.items()]
    )
    match = match_host(catalogue, host.upper(), path)
    assert (match.service, match.possible, match.evidence, match.plane) == naive(rows, context, host, path)


@given(
    st.sampled_from([rule.pattern for rule in CATALOGUE.rules]), st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
)
def test_a_pattern_glued_to_other_letters_never_matches_by_itself(pattern: str, glue: str) -> None:
    name = pattern.removeprefix("*.").replace("*", "x")
    match = match_host(CATALOGUE, glue + name)
    assert match.rule != pattern or pattern.startswith("*") or (glue + name).endswith("." + name)
    assert match_host(CATALOGUE, f"{name}.{glue}x.example").service is None


@given(st.text(max_size=60), st.none() | st.text(max_size=20))
def test_any_text_is_matched_without_harm(text: str, path: str | None) -> None:
    match_host(CATALOGUE, text, path)
    under = match_host(CATALOGUE, f"{text}.wd.microsoft.com", path)
    assert under.service in ("cloud-protection", "security-intelligence-updates", None)
