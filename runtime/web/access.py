"""Who may talk to the page's server: the page itself, and nobody on behalf of another site.

Gaze is biometric data, and every site that the user has open can reach a server on this machine. So a WebSocket must
come from our own page (its Origin is the Host that it connects to), and the Host must be a name that means us: another
site's name that was made to resolve to this machine (DNS rebinding) does not.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


def is_local(host: str) -> bool:
    """Whether a server bound to ``host`` is reached from this machine only."""
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """ASGI middleware: refuses foreign hosts and origins, and sets the security headers."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._bound = host
        self._names = LOCAL_NAMES | {host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            if not (self._known(headers.get("host", "")) and _same_origin(headers)):
                await receive()  # websocket.connect
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # before accept: HTTP 403
                return
            await self._app(scope, receive, send)
            return
        if not self._known(headers.get("host", "")):
            refusal = PlainTextResponse("This name does not mean this server.\n", status_code=421)
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _known(self, host_header: str) -> bool:
        name = _hostname(f"//{host_header}")
        if name is None:
            return False
        if name in self._names:
            return True
        if is_local(self._bound):
            return False
        try:  # reached over the network: any address of ours will do, an address cannot be rebound
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:  # browsers always send it
        return False
    return origin.lower() in {f"{scheme}://{headers.get('host', '').lower()}" for scheme in ("http", "https")}


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
