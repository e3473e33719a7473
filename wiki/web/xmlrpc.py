"""`?action=xmlrpc2`: MoinMoin 1.9's interface for programs, by XML-RPC (xmlrpc.com's specification of 2003).

Cookies do not count here: a program says who it is by a token (`getAuthToken`, `applyAuthToken`) or by HTTP Basic, else
it is anonymous. So no page of another origin can act in the name of a visitor.
"""
# ruff: noqa: N802 -- a method is named as programs call it

from __future__ import annotations

import hmac
import secrets
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from xmlrpc.client import ExpatParser, Fault, Unmarshaller, dumps

from flask import Response

from .. import __version__
from ..model import Forbidden, NoSuchUser, User, WikiError
from ..remote import METHODS, Methods
from .credentials import account_named
from .xml import without_controls

if TYPE_CHECKING:
    from ..model import Revision
    from .exchange import Exchange

TOKEN_SECONDS = 15 * 24 * 3600
"""How long a token of `getAuthToken` works; so long MoinMoin's do."""

BASIC_SECONDS = 600
"""How long a name and password that were right are known to be."""

CALLS = 500
"""The most calls in one `system.multicall`."""

UNKNOWN, REFUSED = -32601, -32600
"""Fault codes for a method that is not there and for a call that is none (xmlrpc-epi's list)."""


class WrongType(WikiError):
    """The request's body is no XML."""

    message = "This address is for programs: it takes XML-RPC calls, by POST, of the type text/xml."
    status = 415


class ForPrograms(WikiError):
    """Asked for by a browser."""

    message = WrongType.message
    status = 405


def xmlrpc(exchange: Exchange, name: str) -> Response:
    """Answer a call. What goes wrong within it is a fault, in an answer of its own kind."""
    request = exchange.request
    if request.method != "POST":
        raise ForPrograms()
    origin = request.headers.get("Origin", "")
    if origin and origin.partition("://")[2].lower() != request.host.lower():
        raise Forbidden("Another site may not call this wiki.")
    if request.mimetype != "text/xml":
        raise WrongType()
    try:
        method, params = parsed(request.get_data())
    except Fault as fault:
        return _answer(fault)
    return _answer(Conversation(exchange).answered(method, params))


def parsed(body: bytes) -> tuple[str, list[Any]]:
    """Return the method and the parameters of a call; raise Fault for what is none.

    A document type is refused before anything is made of it: entities could grow without bound.
    """
    target = Unmarshaller()
    parser = ExpatParser(target)

    def refuse(*_: object) -> None:
        raise Fault(REFUSED, "A call has no document type.")

    parser._parser.StartDoctypeDeclHandler = refuse  # type: ignore[attr-defined]
    try:
        parser.feed(body)  # bytes, as its own `loads` feeds it
        parser.close()
        params = list(target.close())
    except Fault:
        raise
    except Exception:
        # The edge: expat and the unmarshaller raise whatever a wrong document brings about.
        raise Fault(REFUSED, "This is no XML-RPC call.") from None
    method = target.getmethodname()
    if not method:
        raise Fault(REFUSED, "This is no XML-RPC call.")
    return str(method), params


class Conversation:
    """The calls of one request, and in whose name they are made: `applyAuthToken` holds for those that follow."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._visit_as(*_told(exchange))

    def _visit_as(self, user: User | None, trusted: bool = False) -> None:
        exchange = self.exchange
        visit = exchange.visit_as(user, trusted)
        self.methods = Methods(visit, partial(_html, exchange, visit), exchange.site.settings.site_name, __version__)

    def answered(self, method: str, params: list[Any], nested: bool = False) -> Any:
        """Return the result of a call, or a Fault."""
        method = method.removeprefix("wiki.")
        try:
            if method == "system.multicall" and not nested:
                return self._multicall(*params)
            if method in ("getAuthToken", "applyAuthToken", "deleteAuthToken"):
                return getattr(self, "_" + method)(*params)
            if method not in METHODS:
                return Fault(UNKNOWN, f"There is no method “{method[:100]}”.")
            return getattr(self.methods, method)(*params)
        except Fault as fault:
            return fault
        except WikiError as error:
            return Fault(1, self.exchange.said(error))
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise
            return Fault(1, f"“{method}” was called with the wrong number of parameters.")

    def _multicall(self, calls: object) -> list[Any]:
        """Return for each call a list with its result, or a dict that tells its fault."""
        if not isinstance(calls, list) or len(calls) > CALLS:
            raise Fault(1, f"system.multicall takes a list of at most {CALLS} calls.")
        results: list[Any] = []
        for call in calls:
            if not isinstance(call, dict) or not isinstance(call.get("params", []), list):
                result: Any = Fault(REFUSED, "This is no call.")
            else:
                result = self.answered(str(call.get("methodName", "")), call.get("params", []), nested=True)
            if isinstance(result, Fault):
                results.append({"faultCode": result.faultCode, "faultString": result.faultString})
            else:
                results.append([result])
        return results

    def _getAuthToken(self, name: object, password: object) -> str:
        """Return a token that stands for an account, '' if name and password do not belong together."""
        user = _verified(self.exchange, str(name), str(password))
        if user is None:
            return ""
        wiki = self.exchange.site.wiki
        token = secrets.token_urlsafe(24)
        wiki.storage.keep("rpc", _digest(token), {"user": user.id}, wiki.now() // 1_000_000 + TOKEN_SECONDS)
        return token

    def _applyAuthToken(self, token: object) -> str:
        """Make the calls that follow in the name of the token's account and return `SUCCESS`."""
        storage = self.exchange.site.wiki.storage
        record = storage.record("rpc", _digest(str(token)))
        try:
            user = storage.user(str(record["user"])) if record else None
        except NoSuchUser:
            user = None
        if user is None or user.state != "active":
            raise Fault("INVALID", "This token is not valid, or no longer.")  # type: ignore[arg-type]  # MoinMoin's code
        self._visit_as(user)
        return "SUCCESS"

    def _deleteAuthToken(self, token: object) -> str:
        """Forget a token and return `SUCCESS`."""
        self.exchange.site.wiki.storage.drop("rpc", _digest(str(token)))
        return "SUCCESS"


def _told(exchange: Exchange) -> tuple[User | None, bool]:
    """Return whom the web server has recognised (trusted), or who gave a right name and password by HTTP Basic."""
    site, request = exchange.site, exchange.request
    if site.settings.remote_user and (name := request.environ.get("REMOTE_USER")):
        from ..auth.remote_user import account

        user = account(site.wiki.storage, str(name))
        return user, user is not None
    given = request.authorization
    if given is None or given.type != "basic" or not given.username:
        return None, False
    return _basic(exchange, given.username, given.password or ""), False


def _basic(exchange: Exchange, name: str, password: str) -> User:
    """Return the account of this name and password; raise Forbidden.

    A program sends them with every call: for some minutes the right ones need not be verified anew, which takes a good
    part of a second and would use up the attempts.
    """
    storage = exchange.site.wiki.storage
    user = account_named(exchange, name)
    text = f"basic:{user.id if user else ''}:{user.hash if user else ''}:{password}"
    key = hmac.new(exchange.site.secret, text.encode("utf-8", "replace"), "sha256").hexdigest()
    if user is not None and user.state == "active" and storage.record("basic", key) is not None:
        return user
    user = _verified(exchange, name, password)
    if user is None:
        raise Forbidden("This name and password do not belong together.")
    storage.keep("basic", key, {}, exchange.site.wiki.now() // 1_000_000 + BASIC_SECONDS)
    return user


def _verified(exchange: Exchange, name: str, password: str) -> User | None:
    """Return the active account of this name and password, None if there is none; as often as the login form may."""
    from .account import checked_password

    user = checked_password(exchange, name.strip(), password)
    return user if user is not None and user.state == "active" else None


def _html(exchange: Exchange, visit: Any, revision: Revision) -> str:
    view = exchange.view(revision.page)
    view.visit = visit
    return view.page(visit.rendered_text(revision.page, revision.text or ""))[0]


def _answer(result: Any) -> Response:
    try:
        text = dumps(result if isinstance(result, Fault) else (result,), methodresponse=True, allow_none=False)
    except (TypeError, OverflowError, ValueError):
        text = dumps(Fault(1, "The result cannot be said in XML-RPC."), methodresponse=True)
    return Response(without_controls(text), mimetype="text/xml", headers={"Cache-Control": "private, no-store"})


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
