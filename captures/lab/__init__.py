"""The laboratory: the article's network in Linux network namespaces, with real proxies, servers and clients.

`python -m captures.lab` rebuilds every committed capture. How the files hang together:

scenarios.py    what happens in each test, as data           components.py   who plays what, and which proxy each one chooses
network.py      namespaces, addresses, the gateway's policy  servers.py      DNS, TLS and HTTP of the internet side
proxies.py      squid                                        recorder.py     dumpcap on the gateway
workstation.py  plays a scenario inside the workstation      conversation.py one connection, which writes down its own truth
requests.py     the shapes of CONNECT and GET requests       hellos.py tls13.py  ClientHellos made by hand, and TLS 1.3 behind them
tools.py        curl and openssl s_client                    truth.py        the truth file, and its comparison with a flow table
build.py        puts one scenario together                   catalogue.py    the READMEs of the captures and their rows
trials.py       scenarios beside the article's                interception.py mitmproxy, a proxy that opens TLS
quic.py         a QUIC client's first datagram         situations/      what goes on in other people's networks, one file a kind
others.py       what listens and isn't squid            standins.py      what squid can't play
ntlm.py         NTLM's messages                         moved.py         pieces of a recording moved in time
again.py        truth files made anew beside captures that stay as they are

The clients are stand-ins. They choose their proxy by the documented rules and talk the way public captures show; they are
not Defender's own processes.
"""
