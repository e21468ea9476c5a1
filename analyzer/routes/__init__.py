"""Which way a flow went: through which proxy, direct, or away from a proxy; and who is a proxy at all."""
