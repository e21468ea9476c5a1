"""A capture that holds less than everything: cut by a snap length, of one direction, begun late, ended early, with holes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from tests.build.files import enhanced, interface, section_header
from tests.reference.capture import Frame
from tests.reference.packets import address_text, peel

SNAPS = (54, 60, 64, 68, 72, 80, 96, 112, 128, 160, 200, 256, 320, 400, 512)
PARTS = (0.1, 0.3, 0.5, 0.7, 0.9)
EVERY = ((2, 0), (2, 1), (3, 0), (3, 1), (4, 2), (5, 3), (7, 0), (10, 6), (20, 11))

Way = Callable[[], list[Frame]]


def written(frames: Sequence[Frame]) -> bytes:
    """The frames as a pcapng file, with an interface for each link type."""
    kinds = sorted({frame.link_type for frame in frames})
    blocks = [section_header(), *(interface(kind, resolution=9) for kind in kinds)]
    blocks += [
        enhanced(frame.ts_ns, frame.data, number=kinds.index(frame.link_type), wire=frame.wire_bytes)
        for frame in frames
        if frame.ts_ns is not None
    ]
    return b"".join(blocks)


def snapped(frames: Sequence[Frame], snap: int) -> list[Frame]:
    """As a capture with this snap length has them."""
    return [frame._replace(data=frame.data[:snap]) for frame in frames]


def one_way(frames: Sequence[Frame], clients: Collection[str], *, sent: bool) -> list[Frame]:
    """What these addresses sent, or what they were sent; other packets stay."""
    kept = []
    for frame in frames:
        packet = peel(frame)
        ends = [address_text(end[0]) for end in (packet.src, packet.dst)] if packet else []
        if not set(clients).intersection(ends) or (ends[0] in clients) == sent:
            kept.append(frame)
    return kept


def without_every(frames: Sequence[Frame], k: int, at: int) -> list[Frame]:
    """Without the packets that a machine too slow for them loses."""
    return [frame for number, frame in enumerate(frames) if number % k != at]


def clock_set(frames: Sequence[Frame], at: int, seconds: int) -> list[Frame]:
    """The same frames as if the capturing machine's clock had been set while they were recorded."""
    return [*frames[:at], *(frame._replace(ts_ns=(frame.ts_ns or 0) + seconds * 10**9) for frame in frames[at:])]


def ways(frames: Sequence[Frame], clients: Collection[str]) -> Iterator[tuple[str, Way]]:
    """(what was done, the frames as that leaves them)."""
    n = len(frames)
    clients = set(clients)
    for snap in SNAPS:
        yield f"snap {snap}", lambda snap=snap: snapped(frames, snap)  # type: ignore[misc]
    yield "sent", lambda: one_way(frames, clients, sent=True)
    yield "received", lambda: one_way(frames, clients, sent=False)
    for snap in (60, 68, 96, 128, 200):
        yield f"sent, snap {snap}", lambda snap=snap: snapped(one_way(frames, clients, sent=True), snap)  # type: ignore[misc]
        yield f"received, snap {snap}", lambda snap=snap: snapped(one_way(frames, clients, sent=False), snap)  # type: ignore[misc]
    for part in PARTS:
        yield f"begun at {part}", lambda part=part: list(frames[int(n * part) :])  # type: ignore[misc]
        yield f"ended at {part}", lambda part=part: list(frames[: int(n * part)])  # type: ignore[misc]
        yield f"hole at {part}", lambda part=part: [*frames[: int(n * part)], *frames[int(n * (part + 0.1)) :]]  # type: ignore[misc]
    for part in PARTS:
        for seconds in (-3600, -30, 30, 3600):
            yield f"clock {seconds} at {part}", lambda part=part, s=seconds: clock_set(frames, int(n * part), s)  # type: ignore[misc]
    for k, at in EVERY:
        yield f"without {at} of {k}", lambda k=k, at=at: without_every(frames, k, at)  # type: ignore[misc]
