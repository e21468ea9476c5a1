"""Which way a flow went: through which proxy, direct, or away from a proxy; and who is a proxy at all."""

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology, load_topology, topology_from

__all__ = ["Topology", "load_topology", "route_flows", "topology_from"]
