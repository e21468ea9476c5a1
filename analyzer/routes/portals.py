"""Captive portals and block pages, known by what they can't hide: the same answer for hosts that have nothing to do with each other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.routes.requests import Bools, Ints, integers

FEWEST_HOSTS = 2


def one_answer_for_many(hosts: pa.Array, answers: pa.Array, among: Ints) -> Bools:
    """Per question: whether its answer is also the answer for another host, asked of the same.

    hosts     what was asked for, comparable; null: not known
    answers   what came, as text: where it redirects to, or what page it is; null: nothing of the kind
    among     whom the question went to, as a number: answers of others aren't compared
    A site that sends its own names on to another name of its own is no portal: such answers don't count.
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
        foreign[i] &= len(sites.get((where, place), ())) >= FEWEST_HOSTS
    result[asked] = foreign[which.ravel()]
    return result


def site_of(host: str) -> str:
    """The last two labels of a name; an address is its own."""
    labels = host.split(".")
    return host if ":" in host or labels[-1].isdigit() else ".".join(labels[-2:])
