"""Captive portals and block pages, recognised by the same answer for unrelated hosts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.routes.requests import Bools, Ints, integers

MIN_HOSTS = 2


def one_answer_for_many(hosts: pa.Array, answers: pa.Array, among: Ints) -> Bools:
    """Per request: whether the same server gave its answer for another host too.

    hosts     the requested hosts, comparable; null: not known
    answers   the answers, as text: the redirect's target, or an identifier of the page; null: neither
    among     the server that was asked, as a number: answers of different servers aren't compared

    A site that redirects its own names to another name of its own is no portal: such answers don't count.
    """
    result = np.zeros(len(hosts), dtype=np.bool_)
    asked = np.flatnonzero((hosts.is_valid().to_numpy(zero_copy_only=False)) & answers.is_valid().to_numpy(zero_copy_only=False))
    if not len(asked):
        return result
    rows = pa.array(asked)
    host_texts, answer_texts = hosts.take(rows).dictionary_encode(), answers.take(rows).dictionary_encode()
    host, answer = integers(host_texts.indices, -1), integers(answer_texts.indices, -1)
    names, places = host_texts.dictionary.to_pylist(), answer_texts.dictionary.to_pylist()
    distinct, which = np.unique(np.stack([among[asked], answer, host]), axis=1, return_inverse=True)
    sites: dict[tuple[int, int], set[str]] = {}
    foreign = np.zeros(distinct.shape[1], dtype=np.bool_)
    for i, (where, place, name) in enumerate(distinct.T.tolist()):
        if site_of(names[name]) != site_of(places[place]):
            foreign[i] = True
            sites.setdefault((where, place), set()).add(names[name])
    for i, (where, place, _) in enumerate(distinct.T.tolist()):
        foreign[i] &= len(sites.get((where, place), ())) >= MIN_HOSTS
    result[asked] = foreign[which.ravel()]
    return result


def site_of(host: str) -> str:
    """The last two labels of a name; an address is its own site."""
    labels = host.split(".")
    return host if ":" in host or labels[-1].isdigit() else ".".join(labels[-2:])
