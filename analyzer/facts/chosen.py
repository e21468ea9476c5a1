"""Which message holds which of a flow's facts: the columns that settle.py fills and all others read."""

from __future__ import annotations

from typing import Final

# The message of each fact: columns of `chosen`, rows of Tables.messages, -1: none.
TUNNEL: Final = 0  # the last CONNECT or SOCKS request
FETCH: Final = 1  # the first absolute-form request
AGENT: Final = 2  # the first request with a User-Agent; requests to a proxy come first
FIELD: Final = 3  # the first request but CONNECT that has a Host
CONNECT_FIELD: Final = 4  # the last CONNECT that has a Host
HELLO: Final = 5
VERSION: Final = 6
CERTIFICATE_ISSUER: Final = 7
STYLE: Final = 8  # the request that shows the client's family: the first to a proxy, else the first
BY_ITSELF: Final = 9  # the first message that gives nothing but the flow's name (host.py)
ALERTED: Final = 10  # the first alert, of either side
GOING_ON: Final = 11  # the client continued after its hello
N_CHOSEN: Final = 12
