"""required-unseen: services that Defender requires and a source never requested, not even by hosts that several services share."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np

from analyzer.findings import Finding
from analyzer.services.required import Device, is_only_shared, required_services
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.seen import defender_seen
from analyzer.verdict.unread import unread_requests

MOST_SERVICES = 12


def _visible(case: Case, device: Device) -> set[str]:
    """The services that such a device needs and that have a host of their own."""
    return {slug for slug, rules in required_services(case.catalogue, device).items() if not is_only_shared(rules)}


def find(case: Case) -> list[Finding]:
    """One finding over all sources with Defender traffic that lack a service. A service with only shared hosts can't be recognised, so it
    is
    never reported."""
    evidence = case.evidence
    visible = {device: _visible(case, device) for device in set(case.devices.values())}
    speaking = {client for client, how in defender_seen(evidence).items() if how == "seen"}
    lists: dict[tuple[int, Device], list[str]] = {}  # sources with the same requests share one list of requirements
    missing = {}
    for client, own in case.required.items():
        device = case.devices[client]
        if (id(own), device) not in lists:
            lists[id(own), device] = [one.service for one in own if one.state == "unseen" and one.service in visible[device]]
        if client in speaking and lists[id(own), device]:
            missing[client] = lists[id(own), device]
    if not missing:
        return []
    kinds = [kind for kind, _ in Counter(case.devices[client].kind for client in sorted(missing)).most_common()]
    kind = listed(kinds, 2) if len(kinds) == 1 else f"as {'; '.join(kinds[:3])}{' and others' if len(kinds) > 3 else ''}"
    services = sorted(set(chain(*{id(unseen): unseen for unseen in missing.values()}.values())))
    rows = np.flatnonzero(np.isin(evidence.client.codes, list(missing)))
    what = f"{counted(len(services), 'required service')} ({kind}) not seen"
    if len(missing) > 1:
        what += f" by at least one of {counted(len(missing), 'source')}"
        text = f"{what}: {listed(services, MOST_SERVICES)}"
    else:
        text = f"{evidence.of_whom(rows)}: {what}: {listed(services, MOST_SERVICES)}"
    unread = sum(counts.total() for client, counts in unread_requests(evidence).items() if client in missing)
    if unread:
        text += f"; what {counted(unread, 'request')} asked for can't be seen"
    first, last = evidence.span(rows)
    clients = sorted(evidence.client.values[client] for client in missing)
    return [Finding("required-unseen", text, client_ips=clients, services=services, first_seen=first, last_seen=last)]
