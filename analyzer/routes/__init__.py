"""The route of each flow: through which proxy, direct, or away from a proxy; and which addresses are proxies."""
