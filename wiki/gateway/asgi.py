"""ASGI servers (uvicorn, hypercorn …): the wiki through a2wsgi, with what that loses of a request put back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from a2wsgi import WSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

THREADS = 8


class Bridge:
    """A WSGI application as an ASGI one, in threads."""

    def __init__(self, application: WSGIApplication, threads: int = THREADS) -> None:
        self.application = application
        self._asgi: Any = WSGIMiddleware(self._restored, workers=threads)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request (ASGI 3)."""
        if scope["type"] != "http":
            await self._asgi(scope, receive, send)
            return
        whole = False

        async def received() -> dict[str, Any]:
            nonlocal whole
            message = await receive()
            if message["type"] == "http.disconnect" and not whole:
                # a2wsgi would take what came so far for the whole body.
                raise ConnectionResetError("the visitor has gone")
            whole = not message.get("more_body", False)
            return message

        # It makes a list of the query from bytes that it takes for ASCII.
        query = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in scope["query_string"])
        await self._asgi({**scope, "query_string": query.encode()}, received, send)

    def _restored(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scope = environ["asgi.scope"]
        raw = scope.get("raw_path")
        if raw:
            query = environ["QUERY_STRING"]
            environ["REQUEST_URI"] = raw.decode("latin-1") + (f"?{query}" if query else "")
        cookies = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
        if len(cookies) > 1:
            # HTTP/2 sends each cookie by itself (RFC 9113, 8.2.3); a2wsgi puts commas between them.
            environ["HTTP_COOKIE"] = "; ".join(cookies)
        # The body arrives in messages, of which one is the last, also without a length.
        environ["wsgi.input_terminated"] = True
        environ["wsgi.errors"] = sys.stderr
        return self.application(environ, start_response)
