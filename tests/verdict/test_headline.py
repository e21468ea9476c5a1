"""One line for each source: who carried what, whether it works, what changed, what went elsewhere."""

from typing import Any

import pytest

from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX03, SECOND_NS, START_NS, asked, flow, request, tunnel, verdict


def answer(*rows: dict[str, Any]) -> str:
    (group,) = verdict(*rows)["groups"]
    text: str = group["answer"]
    return text


def at(second: int, proxy: str, host: str = CNC, status: int = 200, **columns: Any) -> dict[str, Any]:
    return tunnel(proxy, host, status, first_seen=START_NS + second * SECOND_NS, **columns)


def test_planes_of_one_proxy_are_said_together() -> None:
    assert answer(at(0, PROX03), at(1, PROX03, MAPS), at(2, PROX01, EDGE)) == (
        "PROX03 (static) won for sensor and antivirus; PROX01 (WinHTTP) won for user"
    )


@pytest.mark.parametrize(("n", "said"), [(1, "answers 407 to the one request"), (30, "answers 407 to all 30 requests")])
def test_a_proxy_that_lets_nothing_through(n: int, said: str) -> None:
    assert answer(*(at(i, PROX03, status=407) for i in range(n))) == f"no proxy for sensor: PROX03 (static) {said}"


def test_several_proxies_that_let_nothing_through() -> None:
    text = answer(at(0, PROX03, status=407), at(1, PROX03, status=407), at(2, PROX01, status=403))
    assert text == "no proxy for sensor: PROX03 (static) and 1 other were asked 3 times, nothing was let through (2 × 407, 1 × 403)"


def test_what_fell_back() -> None:
    text = answer(*(at(i, PROX03, status=407) for i in range(3)), at(9, PROX01))
    assert text == "PROX03 (static) is asked first for sensor (likely) and fails 3 of 3 requests (3 × 407); PROX01 (WinHTTP) carried 1"


def test_two_that_carry_by_turns() -> None:
    rows = [at(i, (PROX01, PROX03)[i % 2]) for i in range(10)]
    assert answer(*rows) == "no one proxy for sensor (unclear): PROX03 (static) carried 5, PROX01 (WinHTTP) carried 5"


def test_of_many_that_carry_by_turns_none_is_left_out() -> None:
    three = ("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")
    text = answer(*(at(i, three[i % 3]) for i in range(12)))
    assert text == "no one proxy for sensor (unclear): 10.0.0.3:80 carried 4, 10.0.0.2:80 carried 4, 10.0.0.1:80 carried 4"
    six = [f"10.0.0.{i}:80" for i in range(6)]
    assert answer(*(at(i, six[i % 6]) for i in range(12))).endswith("10.0.0.3:80 carried 2, 3 others carried 6")
    tie = answer(*(at(0, proxy) for proxy in three))
    assert tie == "no winner for sensor: 10.0.0.1:80, 10.0.0.2:80 and 10.0.0.3:80 carried as much"


def test_an_answer_in_another_protocol_is_an_answer() -> None:
    answered = [
        asked(PROX03, request("connect", CNC, None, outcome="failed"), first_seen=START_NS + i * SECOND_NS, server_first="other")
        for i in range(2)
    ]
    assert answer(*answered) == "no proxy for sensor: PROX03 (static) answers all 2 requests in another protocol"


def test_times_of_several_days_have_their_day() -> None:
    day = 86_400
    text = answer(*(at(i * 3_600, PROX01) for i in range(4)), *(at(day + i * 3_600, PROX03) for i in range(4)))
    assert text == "PROX01 (WinHTTP) until 2024-05-01 15:00:00, then PROX03 (static) for sensor"


def test_a_change_says_until_when() -> None:
    text = answer(*(at(i, PROX01 if i < 4 else PROX03) for i in range(8)))
    assert text == "PROX01 (WinHTTP) until 12:00:03, then PROX03 (static) for sensor"


def test_past_the_proxies() -> None:
    assert answer(flow(host=CNC, sni=CNC)) == "no proxy for sensor: it goes direct and is answered"
    also = answer(flow(host=CNC, sni=CNC), at(1, PROX01, EDGE))
    assert also.endswith("; past the proxies, answered: edr-command-and-control"), "there are proxies that it went past"
    blocked = flow(host=CNC, sni=CNC, state="no-answer", packets_in=0, bytes_in=0)
    cyber = flow(host="eu-v20.events.data.microsoft.com", sni="eu-v20.events.data.microsoft.com")
    assert answer(blocked, cyber) == "no proxy for sensor: it goes direct and is answered, but edr-command-and-control is blocked"
    assert answer(blocked, flow(host=CNC, sni=CNC)) == "no proxy for sensor: it goes direct and is answered", "over another address"
    assert answer(blocked) == "no proxy for sensor: direct attempts are blocked"
    assert answer(flow(host="a.example")) == "no Defender traffic was seen"
    like = answer(flow(host="sevillecloudgateway-neu-prd.trafficmanager.net"))
    assert like == "no Defender traffic was seen, though hosts that look like Defender's were asked for"


def test_tls_that_breaks_past_the_proxies_is_said() -> None:
    """As where a firewall opens TLS on the way: the client refuses its certificate."""
    fine = flow(host=CNC, sni=CNC)
    refused = fine | flow(host=CNC, sni=CNC, tls_completed=False, tls_alert="unknown_ca", tls_alert_from="client", client_random="ab" * 32)
    assert answer(refused) == "no proxy for sensor: it goes direct and is answered, but TLS broke in 1 of 1 connection"
    assert answer(refused, fine).endswith("is answered, but TLS broke in 1 of 2 connections")
    states = [
        {entry["service"]: (entry["state"], entry["through"]) for entry in verdict(*rows)["sources"][0]["required"]}[
            "edr-command-and-control"
        ]
        for rows in ([refused], [refused, fine])
    ]
    assert states == [("failed", ["direct"]), ("carried", ["direct"])]


def test_a_tunnel_whose_request_was_not_captured_goes_through_its_proxy() -> None:
    begun_before = flow(server_ip="172.16.12.10", server_port=3128, host=CNC, sni=CNC, isn_out=None, isn_in=None, state="mid-stream")
    result = verdict(begun_before)
    assert result["groups"][0]["answer"] == ("PROX01 (WinHTTP) is used for sensor, in connections whose requests weren't captured")
    assert "goes direct" not in str(result["sources"]), "it went to a proxy"
    past = flow(host=CNC, sni=CNC)
    assert answer(begun_before, past).endswith("; past the proxies, answered: edr-command-and-control")


def test_a_challenge_and_its_answer_are_one_request() -> None:
    def refused(second: int) -> dict[str, Any]:
        first = request("connect", CNC, 407, challenge=["ntlm"], continues=False)
        second_try = request("connect", CNC, 407, challenge=["ntlm"], offered="ntlm", continues=True)
        last = request("connect", CNC, 407, challenge=["ntlm"], offered="ntlm", continues=False)
        return asked(PROX03, first, second_try, last, first_seen=START_NS + second * SECOND_NS)

    assert answer(refused(0), refused(9)) == "no proxy for sensor: PROX03 (static) answers 407 to all 2 requests"


def test_addresses_of_one_name_are_one_proxy() -> None:
    names = {"proxy": [{"name": "PROX", "address": f"172.16.12.{last}", "method": "static"} for last in (10, 12)]}
    rows = [at(i, (PROX01, PROX03)[i % 2], host) for i in range(8) for host in (CNC, MAPS)]
    rows += [at(100 + i, PROX03) for i in range(4)]
    result = verdict(*rows, topology=topology_from(names, "t.toml"))
    assert result["groups"][0]["answer"] == "PROX (static) won for sensor and antivirus"
    (source,) = result["sources"]
    assert [(plane["confidence"], len(plane["eras"])) for plane in source["planes"]] == [("certain", 1)] * 2
    assert [len(plane["by_proxy"]) for plane in source["planes"]] == [2, 2]
    assert source["precedence"] == [] and {finding["code"] for finding in result["findings"]} == {"required-unseen"}


def test_who_failed_is_said_where_it_isn_t_the_winner() -> None:
    rows = [at(i, PROX01) for i in range(9)]
    assert answer(*rows, at(9, PROX03, status=407), at(10, PROX01)) == (
        "PROX01 (WinHTTP) won for sensor (likely), but 1 of 11 requests failed at PROX03 (static) (1 × 407)"
    )
    assert answer(*rows, at(9, PROX01, status=503)).endswith("won for sensor, but 1 of 10 requests failed (1 × 503)")
    first = answer(*(at(i, PROX03, status=407) for i in range(3)), at(9, PROX01), at(10, PROX01, status=503))
    assert "PROX03 (static) is asked first for sensor (likely) and fails 3 of 3 requests (3 × 407)" in first, "its own failures alone"


@pytest.mark.parametrize(("apart", "said"), [(30, 1), (300, 2)])
def test_planes_that_changed_minutes_apart_are_said_apart(apart: int, said: int) -> None:
    rows = [at(i, PROX01 if i < 100 else PROX03) for i in range(0, 900, 20)]
    rows += [at(i + 5, PROX01 if i < 100 + apart else PROX03, MAPS) for i in range(0, 900, 20)]
    assert answer(*rows).count("then PROX03 (static)") == said


def test_since_when_it_goes_direct() -> None:
    before = [at(i, PROX03) for i in range(3)]
    after = [flow(host=CNC, sni=CNC, first_seen=START_NS + i * SECOND_NS) for i in (60, 61)]
    turned = "PROX03 (static) won for sensor until 12:00:02, since 12:01:00 it goes direct and is answered"
    assert answer(*before, *after).startswith(turned)
    back = answer(*after, *(at(100 + i, PROX03) for i in range(3)))
    assert back.startswith("PROX03 (static) won for sensor since 12:01:40, until 12:01:01 it went direct and was answered")
    by_turns = answer(*before, *after, at(90, PROX03))
    assert by_turns.startswith("PROX03 (static) won for sensor; past the proxies")
    assert answer(*before, after[0]).startswith("PROX03 (static) won for sensor; past"), "one connection is no turn"


def test_what_one_direction_doesn_t_show_isn_t_denied() -> None:
    rows = [at(i, PROX03, status=None, packets_in=0, bytes_in=0, isn_in=None) for i in range(3)]
    assert answer(*rows) == "PROX03 (static) is asked for sensor, but whether it lets anything through can't be seen"


def test_a_transparent_proxy_is_one() -> None:
    hello = {"client_random": "ab" * 32, "client_hello_digest": "12" * 8, "host": CNC, "sni": CNC}
    taken = flow(first_seen=START_NS, client_hello_at=START_NS + 1, **hello)
    made = flow(client_ip="172.16.12.50", first_seen=START_NS + 2, client_hello_at=START_NS + 3, **hello)
    assert answer(taken, made) == "a transparent proxy carries sensor: it goes direct, is taken over on the way and answered"


def test_a_group_s_answer_is_that_of_all_its_sources() -> None:
    def machine(number: int) -> list[dict[str, Any]]:
        own = {"client_ip": f"172.16.11.{number}"}
        changed = [at(number + i, PROX01 if i < 4 else PROX03, **own) for i in range(8)]
        return [*changed, *(at(i, PROX03, MAPS, 407, **own) for i in range(2))]

    alike = [at(number + i, PROX01 if i < 4 else PROX03, MAPS, client_ip=f"172.16.11.{number}") for number in (1, 50) for i in range(8)]
    both = answer(*(row for number in (1, 50) for row in machine(number)[:8]), *alike)
    assert both == "PROX01 (WinHTTP) until between 12:00:04 and 12:00:53, then PROX03 (static) for sensor and antivirus"
    text = answer(*(row for number in (1, 30, 50) for row in machine(number)))
    assert text == (
        "PROX01 (WinHTTP) until between 12:00:04 and 12:00:53, then PROX03 (static) for sensor; "
        "no proxy for antivirus: PROX03 (static) answers 407 to all 6 requests"
    )


def never_opened(second: int, proxy: str = PROX03, **columns: Any) -> dict[str, Any]:
    """A SYN and two more, and nothing came."""
    dead = {"state": "no-answer", "packets_out": 3, "packets_in": 0, "bytes_out": 0, "bytes_in": 0} | columns
    return asked(proxy, first_seen=START_NS + second * SECOND_NS, **dead)


NOT_REACHED = "PROX03 (static) is tried, and no connection comes about"


def test_a_proxy_that_is_only_sent_syns_is_named() -> None:
    past = flow(host=CNC, sni=CNC, first_seen=START_NS + 22 * SECOND_NS)
    assert answer(never_opened(0), past) == f"no proxy for sensor: it goes direct and is answered; {NOT_REACHED}"
    assert answer(never_opened(0), at(22, PROX01)) == f"PROX01 (WinHTTP) won for sensor; {NOT_REACHED}"
    assert answer(never_opened(0, state="refused", packets_out=1, packets_in=1)) == f"no Defender traffic was seen; {NOT_REACHED}"


def test_a_proxy_that_was_reached_once_or_is_sent_one_stray_syn_isnt() -> None:
    assert NOT_REACHED not in answer(never_opened(0), at(5, PROX03))
    assert NOT_REACHED not in answer(never_opened(0, packets_out=1), at(22, PROX01))


def test_sources_that_reach_a_proxy_and_others_that_dont_are_no_group() -> None:
    document = verdict(never_opened(0), at(22, PROX01), at(3, PROX01, client_ip="172.16.11.99"))
    assert [NOT_REACHED in group["answer"] for group in document["groups"]] == [True, False]
