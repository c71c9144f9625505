"""`/metrics` for Prometheus: what this process counted, and what the database says of queues at this moment.

Nobody reads it unless a setting says who: by a token, or from a network. To everybody else it does not exist.
"""

import hmac
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ombud.config import Settings, words_of
from ombud.db.actor import Actor
from ombud.db.detours import DETOURS
from ombud.errors import Invalid, OmbudError
from ombud.health import queries
from ombud.kit.metrics import REGISTRY
from ombud.runtime import Runtime


class Metrics:
    """The route; `readers` are checked when it is made, so that a wrong setting is told at the start."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._token = runtime.settings.metrics_token
        self._peers = _networks(runtime.settings)

    async def answer(self, request: Request) -> Response:
        """Answer with the figures; 404 to who may not read them."""
        if not self._may_read(request):
            return PlainTextResponse("Not Found", 404)
        figures = await self._figures()
        return Response(generate_latest(REGISTRY) + generate_latest(figures), media_type=CONTENT_TYPE_LATEST)

    def _may_read(self, request: Request) -> bool:
        scheme, _, brought = request.headers.get("authorization", "").partition(" ")
        if self._token is not None and scheme.lower() == "bearer":
            return hmac.compare_digest(brought.encode(), self._token.get_secret_value().encode())
        try:
            address = ip_address(request.client.host if request.client is not None else "")
        except ValueError:
            return False
        return any(address in network for network in self._peers)

    async def _figures(self) -> CollectorRegistry:
        """Ask the database, in one statement; where it does not answer, that is the figure."""
        found = CollectorRegistry()
        pool = self._runtime.desk.async_engine.pool
        taken = Gauge("ombud_pool_connections_in_use", "Connections that requests hold.", registry=found)
        taken.set(pool.checkedout())  # type: ignore[attr-defined]  # of a pool that counts
        detours = Counter(
            "ombud_short_way_failures", "Answers left to the usual way, by cause.", ("cause",), registry=found
        )
        for cause, count in DETOURS.counts.items():
            detours.labels(cause).inc(count)
        up = Gauge("ombud_database_up", "Whether the database answered.", registry=found)
        try:
            async with self._runtime.desk.aread(Actor.system("metrics"), fresh=True) as session:
                rows = (await session.execute(queries.queues())).all()
        except OmbudError:
            return found
        up.set(1)
        depth = Gauge("ombud_queue_depth", "What waits, by queue.", ("queue",), registry=found)
        age = Gauge("ombud_queue_age_seconds", "How long the oldest has waited.", ("queue",), registry=found)
        for name, count, seconds in map(tuple, rows):
            depth.labels(name).set(count)
            age.labels(name).set(seconds or 0)
        return found


def _networks(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(word) for word in words_of(settings.metrics_peers))
    except ValueError:
        raise Invalid("OMBUD_METRICS_PEERS is a list of networks, such as 127.0.0.1/32,10.0.0.0/8.") from None
