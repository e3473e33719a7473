"""Makes every gateway's environ the same: mount and path, identity, lengths, proxies.

Paid for by each cached hit under CGI: nothing is imported, and what only a miss needs is in `body`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..pagecache import Known

FORWARDED = tuple("HTTP_X_FORWARDED_" + name for name in ("FOR", "HOST", "PORT", "PREFIX", "PROTO", "SCHEME", "SSL"))


def regular(environ: "WSGIEnvironment", known: "Known | None" = None) -> None:
    """Make an environ regular, in place, knowing of the settings what the door knows (nothing: None).

    SCRIPT_NAME is the mount ('' or '/wiki') and PATH_INFO the rest of the path, decoded once, whatever the server made
    of them (PEP 3333: bytes as Latin-1). `wiki.raw_path` is the path as sent, '' if the gateway does not tell. Dot
    segments and double slashes, which servers resolve and the raw path still has, are left for the application to
    refuse. Only what the administrator configured says who the visitor is (REMOTE_USER, X-Forwarded-For ...).
    """
    # CGI programs would take a client's `Proxy:` header for a setting (CVE-2016-5385).
    environ.pop("HTTP_PROXY", None)
    if "REDIRECT_HTTP_AUTHORIZATION" in environ:
        # Apache renames it on an internal redirect.
        environ.setdefault("HTTP_AUTHORIZATION", environ["REDIRECT_HTTP_AUTHORIZATION"])
    if known is not None and known.remote_user:
        user = environ.get("REMOTE_USER") or environ.get("REDIRECT_REMOTE_USER")
        if user:
            environ["REMOTE_USER"] = user
    else:
        # nginx's fastcgi_params and http.server take it from credentials that nobody checked.
        environ.pop("REMOTE_USER", None)
    length = environ.get("CONTENT_LENGTH")
    if length is not None and not (length.isascii() and length.isdigit()):
        del environ["CONTENT_LENGTH"]
    if environ.get("CONTENT_TYPE") == "":
        del environ["CONTENT_TYPE"]
    environ.setdefault("SCRIPT_NAME", "")
    environ.setdefault("PATH_INFO", "")
    query = environ.setdefault("QUERY_STRING", "")
    if not query.isascii():
        environ["QUERY_STRING"] = quoted(query)
    prefix = _forwarded(environ, known)
    _path(environ, None if known is None else known.mount, prefix)


def _path(environ: "WSGIEnvironment", mount: str | None, prefix: str) -> None:
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    environ["wiki.raw_path"] = raw = raw_path(raw) if raw else ""
    given = environ["SCRIPT_NAME"].rstrip("/")
    info = environ["PATH_INFO"]
    if raw:
        path = decoded(raw)
    else:
        # wsgiref and ASGI servers hand over a whole URL as the path where that was asked for (RFC 9112, 3.2.2).
        path = given + (info if info[:1] in ("", "/") else below_host(info) or info)
    if mount is not None:
        script = mount.encode().decode("latin-1")
        if prefix and given != script and within(script, prefix):
            # Without this a page named as the mount, `/wiki/wiki`, would be taken for the mount.
            path = prefix + path
        if not within(path, script):
            # A proxy took the mount off; or the server's own name for us stands in its place.
            path = script + (path[len(given) :] if within(path, given) else path)
    elif not raw:
        script = given
    else:
        folder = given.rpartition("/")[0]
        if within(path, given):
            script = given
        elif within(path, folder):
            # A rewrite rule hides the script: `/wiki/wiki.cgi` serves `/wiki/Page`.
            script = folder
        else:
            script = given
            path = given + info
    environ["PATH_INFO"] = path[len(script) :]
    environ["SCRIPT_NAME"] = script if mount is not None else prefix + script


def raw_path(uri: str) -> str:
    """Return the path of a request's URI as sent, without query; '' if it has none (`*`, an authority)."""
    path = uri.partition("?")[0].partition("#")[0]
    return path if path[:1] == "/" else below_host(path)


def below_host(url: str) -> str:
    """Return the path of a URL with scheme and host, '' for anything else."""
    scheme, mark, rest = url.partition("://")
    return "/" + rest.partition("/")[2] if mark and scheme.isalpha() else ""


def within(path: str, mount: str) -> bool:
    """Say whether a path is a mount or lies below it, in whole segments."""
    return path.startswith(mount) and path[len(mount) : len(mount) + 1] in ("", "/")


def quoted(query: str) -> str:
    """Return a query with the bytes that no URL may have percent-encoded: Werkzeug fails where they are no UTF-8."""
    try:
        sent = query.encode("latin-1")
    except UnicodeEncodeError:
        # Some gateways have decoded the UTF-8 already.
        sent = query.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in sent)


def decoded(path: str) -> str:
    """Return a raw path percent-decoded once, its bytes as Latin-1. A `%` without two hexadecimal digits stays."""
    try:
        sent = path.encode("latin-1")
    except UnicodeEncodeError:
        # Some gateways have decoded the UTF-8 already.
        sent = path.encode("utf-8", "surrogateescape")
    if b"%" not in sent:
        return sent.decode("latin-1")
    first, *rest = sent.split(b"%")
    pieces = [first]
    for piece in rest:
        digits = piece[:2]
        try:
            # `fromhex` alone would take blanks.
            if len(digits) < 2 or not digits.isalnum():
                raise ValueError
            pieces += bytes.fromhex(digits.decode()), piece[2:]
        except ValueError:
            pieces += b"%", piece
    return b"".join(pieces).decode("latin-1")


def _forwarded(environ: "WSGIEnvironment", known: "Known | None") -> str:
    """Take over what a believed proxy says and drop what others say; return the mount that the proxy took off."""
    told = [environ.pop(name, "") for name in FORWARDED]
    environ.pop("HTTP_FORWARDED", None)
    if known is None or not known.proxies or not believed(environ.get("REMOTE_ADDR", ""), known.proxies):
        return ""
    address, host, _port, prefix, scheme, _scheme, _ssl = told
    hops = [hop.strip() for hop in address.split(",") if hop.strip()]
    while hops:
        # Each hop was told by the one after it: the first that is no proxy of ours is the visitor.
        environ["REMOTE_ADDR"] = hops.pop()
        if not believed(environ["REMOTE_ADDR"], known.proxies):
            break
    host = host.rpartition(",")[2].strip()
    if host:
        environ["HTTP_HOST"] = host
    scheme = scheme.rpartition(",")[2].strip().lower()
    if scheme in ("http", "https"):
        environ["wsgi.url_scheme"] = scheme
    prefix = prefix.rpartition(",")[2].strip().rstrip("/")
    return decoded(prefix) if prefix.startswith("/") and not prefix.startswith("//") else ""


def believed(address: str, proxies: list[str]) -> bool:
    """Say whether an address is one of these proxies or in one of these networks; `unix` stands for a local socket."""
    if not address or address.startswith("unix:"):
        return "unix" in proxies
    return address in proxies or any("/" in proxy and _inside(address, proxy) for proxy in proxies)


def _inside(address: str, network: str) -> bool:
    # A C module, loaded only where networks are configured; `ipaddress` would cost a third of a whole hit.
    from _socket import AF_INET, AF_INET6, inet_pton

    base, _, length = network.partition("/")
    try:
        first, second = (inet_pton(AF_INET6 if ":" in each else AF_INET, each) for each in (address, base))
        shift = 8 * len(first) - int(length)
        if len(first) != len(second) or shift < 0:
            return False
        return int.from_bytes(first, "big") >> shift == int.from_bytes(second, "big") >> shift
    except (OSError, ValueError):
        return False
