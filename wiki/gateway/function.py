"""AWS Lambda: the wiki as a function behind API Gateway, a load balancer or a function URL, through apig-wsgi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apig_wsgi import make_lambda_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def handler(application: WSGIApplication) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return what Lambda calls with an event and a context, and which returns the answer as AWS wants it."""

    def restored(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _restore(environ, environ["apig_wsgi.full_event"])
        return application(environ, start_response)

    answer: Callable[[dict[str, Any], Any], dict[str, Any]] = make_lambda_handler(restored, binary_support=True)
    return answer


def _restore(environ: WSGIEnvironment, event: dict[str, Any]) -> None:
    """Put into an environ what apig-wsgi loses or takes from the wrong place."""
    context = event.get("requestContext") or {}
    whole = path = event.get("rawPath") or event["path"]
    if "http" in context:
        # A stage is a part of the path here, unless it has a domain of its own.
        stage = context.get("stage", "$default")
        mount = f"/{stage}" if stage != "$default" and f"{path}/".startswith(f"/{stage}/") else ""
        address = context["http"].get("sourceIp", "")
    else:
        # `path` is without the stage, what the visitor asked for is in the context.
        whole = context.get("path") or path
        mount = whole.removesuffix(path) if whole.endswith(path) else ""
        claimed = environ.get("HTTP_X_FORWARDED_FOR", "")
        # What comes before the last address is only the visitor's claim.
        address = (context.get("identity") or {}).get("sourceIp") or claimed.rpartition(",")[2].strip()
    environ["REMOTE_ADDR"] = address
    environ["SCRIPT_NAME"] = mount
    environ["REQUEST_URI"] = _sent(whole)
    cookies = [value for name, value in _headers(event) if name.lower() == "cookie"]
    if cookies:
        environ["HTTP_COOKIE"] = "; ".join([*event.get("cookies", ()), *cookies])
    environ["wsgi.input_terminated"] = True


def _sent(path: str) -> str:
    """Return a path as it was sent: AWS decodes it in some of these events, and does not say in which.

    Whatever is not ASCII shows that it did; then a `%` is one. Else it may have or not: `%` with two digits is decoded.
    """
    if path.isascii():
        return path
    return "".join(
        chr(byte) if byte < 128 and byte not in b"%?#" else f"%{byte:02X}" for byte in path.encode("utf-8", "replace")
    )


def _headers(event: dict[str, Any]) -> list[tuple[str, str]]:
    several = event.get("multiValueHeaders")
    if several:
        return [(name, value) for name, values in several.items() for value in values]
    return list((event.get("headers") or {}).items())
