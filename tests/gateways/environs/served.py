"""Each gateway with a small application behind it, as `record` starts it. See there."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from .frame import ROOT, USER, Frame, apache, lighttpd, nginx


def script(frame: Frame, body: str, name: str = "cgi/wiki.cgi") -> str:
    return frame.write(
        name,
        f"#!{frame.python}\nimport sys\nsys.path.insert(0, '{frame.folder}')\nfrom app import application\n{body}",
        0o755,
    )


CGI = "from wiki.gateway.cgi import run\nrun(application)\n"


def params(frame: Frame, family: str, given: str = "fastcgi") -> str:
    """nginx's parameters, whole."""
    location = (
        f"location {frame.mount or '/'} {{" if not frame.mount else f"location ~ (?s)^{frame.mount}(?<rest>/.*)?$ {{"
    )
    rest = "$rest" if frame.mount else "$document_uri"
    lines = [
        f"SCRIPT_NAME {frame.mount or chr(34) * 2}", f"PATH_INFO {rest}", "REQUEST_URI $request_uri",
        "REQUEST_METHOD $request_method", "QUERY_STRING $query_string", "CONTENT_TYPE $content_type",
        # nginx sends it by itself for SCGI, where it has to come first.
        *([] if family == "scgi" else ["CONTENT_LENGTH $content_length"]), "HTTP_HOST $http_host", "SERVER_NAME $host", "SERVER_PORT $server_port",
        "SERVER_PROTOCOL $server_protocol", "REMOTE_ADDR $remote_addr", "HTTPS $https if_not_empty",
    ]  # fmt: skip
    return location + "\n" + "\n".join(f"{family}_param {line};" for line in lines) + "\n"


SECRET = "0123456789abcdef"


def ours(frame: Frame, family: str) -> None:
    """Our server of FastCGI, SCGI or AJP."""
    frame.write("secret.conf", SECRET)
    frame.run_python(
        f"import sys\nsys.argv[1:] = ['--bind', '127.0.0.1:{frame.inner}']\nfrom app import application\n"
        f"from wiki.gateway.{family} import run\n"
        + ("run(application, 'secret.conf')\n" if family == "ajp" else "run(application)\n")
    )
    frame.wait(frame.inner)


def mod_cgid(frame: Frame) -> None:
    path = script(frame, CGI)
    apache(frame, "cgid", f'ScriptSock "{frame.folder}/cgid.sock"\n' + alias(frame, path))


def mod_cgi(frame: Frame) -> None:
    apache(frame, "cgi", alias(frame, script(frame, CGI)), mpm="prefork")


def alias(frame: Frame, path: str) -> str:
    return f'ScriptAlias "{frame.mount or "/"}" "{path}{"" if frame.mount else "/"}"\n'


def htaccess(frame: Frame) -> None:
    place = "site" + frame.mount
    script(frame, CGI, f"{place}/wiki.cgi")
    frame.write(f"{place}/.htaccess", (ROOT / "deploy/cgi/.htaccess").read_text())
    apache(frame, "cgid", f'ScriptSock "{frame.folder}/cgid.sock"\n')


def lighttpd_cgi(frame: Frame) -> None:
    path = script(frame, CGI)
    lighttpd(
        frame,
        "mod_alias mod_cgi",
        f'cgi.assign = (".cgi" => "")\nalias.url = ("{frame.mount or "/"}" => "{path}{"" if frame.mount else "/"}")',
    )


def fcgiwrap(frame: Frame) -> None:
    path = script(frame, CGI)
    frame.start("/usr/sbin/fcgiwrap", "-c", "2", "-s", f"tcp:127.0.0.1:{frame.inner}", user=True)
    frame.wait(frame.inner)
    nginx(
        frame,
        params(frame, "fastcgi") + f"fastcgi_param SCRIPT_FILENAME {path};\nfastcgi_pass 127.0.0.1:{frame.inner};\n}}",
    )


def mod_fcgid(frame: Frame) -> None:
    path = script(frame, "from wiki.gateway.fastcgi import run\nrun(application)\n", "cgi/wiki.fcgi")
    (frame.folder / "ipc").mkdir()
    shutil.chown(frame.folder / "ipc", USER, USER)
    common = f'FcgidIPCDir {frame.folder}/ipc\nFcgidProcessTableFile {frame.folder}/ipc/shm\n<Files "wiki.fcgi">\nSetHandler fcgid-script\nOptions +ExecCGI\n</Files>\n'
    if frame.mount:
        apache(frame, "fcgid", common + f'Alias "{frame.mount}" "{path}"\n')
    else:
        apache(
            frame,
            "fcgid",
            common
            + f'ScriptAlias "/" "{path}/"\nFcgidWrapper {path} virtual\n<Location />\nSetHandler fcgid-script\nOptions +ExecCGI\n</Location>\n',
        )


def proxied(protocol: str, family: str, tail: str = " nocanon") -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        ours(frame, family)
        place = frame.mount if family == "ajp" else ""
        target = f"{protocol}://127.0.0.1:{frame.inner}{place}{'' if frame.mount else '/'}"
        told = f"SetEnv AJP_SCRIPT_NAME {frame.mount}\n" if place else ""
        apache(
            frame,
            f"proxy proxy_{protocol}",
            f'{told}ProxyPass "{frame.mount or "/"}" "{target}"{tail}\n<Location "/">\nCGIPassAuth On\n</Location>\n',
        )

    return run


def lighttpd_gateway(module: str, family: str) -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        ours(frame, family)
        fix = "" if frame.mount else ', "fix-root-scriptname" => "enable"'
        lighttpd(
            frame,
            f"mod_{module}",
            f'{module.removeprefix("mod_")}.server = ("{frame.mount or "/"}" => (("host" => "127.0.0.1", "port" => {frame.inner}, "check-local" => "disable"{fix})))',
        )

    return run


def nginx_gateway(family: str) -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        ours(frame, family)
        nginx(frame, params(frame, family) + f"{family}_pass 127.0.0.1:{frame.inner};\n}}")

    return run


def mod_wsgi(frame: Frame) -> None:
    path = frame.write("wiki.wsgi", f"import sys\nsys.path.insert(0, '{frame.folder}')\nfrom app import application\n")
    apache(
        frame,
        "wsgi",
        f"WSGISocketPrefix {frame.folder}/wsgi\nWSGIDaemonProcess wiki python-home={frame.environment} processes=1 threads=2\n"
        f'WSGIScriptAlias "{frame.mount or "/"}" "{path}" process-group=wiki application-group=%{{GLOBAL}}\nWSGIPassAuthorization On\nWSGIChunkedRequest On\n',
    )


def passenger(frame: Frame) -> None:
    frame.write(
        "passenger/passenger_wsgi.py",
        f"import sys\nsys.path.insert(0, '{frame.folder}')\nfrom app import application\n",
    )
    public = frame.folder / "passenger/public"
    public.mkdir()
    base = ""
    if frame.mount:
        base = f'Alias "{frame.mount}" "{public}"\n<Location "{frame.mount}">\nPassengerBaseURI {frame.mount}\nPassengerAppRoot {public.parent}\nPassengerAppType wsgi\nPassengerStartupFile passenger_wsgi.py\n</Location>\n'
    else:
        base = f'DocumentRoot "{public}"\n'
    apache(
        frame,
        "passenger",
        f"""\
PassengerRoot /usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini
PassengerDefaultRuby /usr/bin/ruby
PassengerPython {frame.python}
PassengerInstanceRegistryDir {frame.folder}
PassengerDisableSecurityUpdateCheck on
PassengerDisableAnonymousTelemetry on
PassengerAllowEncodedSlashes on
PassengerFriendlyErrorPages off
{base}""",
        mpm="prefork",
    )


UWSGI = ("uwsgi", "--plugin", "python3", "-M", "-p1", "--threads", "2", "--die-on-term", "--need-app")


def uwsgi(frame: Frame, *options: str, mounted: bool = True) -> None:
    mount = (
        ["--mount", f"{frame.mount}=app:application", "--manage-script-name"]
        if frame.mount and mounted
        else ["-w", "app:application"]
    )
    frame.start(*UWSGI, "-H", str(frame.environment), *options, *mount)


def uwsgi_nginx(frame: Frame) -> None:
    uwsgi(frame, "--uwsgi-socket", f"127.0.0.1:{frame.inner}", mounted=False)
    frame.wait(frame.inner)
    nginx(frame, params(frame, "uwsgi") + f"uwsgi_pass 127.0.0.1:{frame.inner};\n}}")


def uwsgi_apache(frame: Frame) -> None:
    uwsgi(frame, "--uwsgi-socket", f"127.0.0.1:{frame.inner}", mounted=False)
    frame.wait(frame.inner)
    apache(
        frame,
        "proxy proxy_uwsgi",
        f'ProxyPass "{frame.mount or "/"}" "uwsgi://127.0.0.1:{frame.inner}{"" if frame.mount else "/"}" nocanon\n',
    )


def uwsgi_http(frame: Frame) -> None:
    uwsgi(frame, "--http-socket", f"127.0.0.1:{frame.port}", mounted=False)


# -- servers of their own; the wiki's setting `mount` says where it is -------------------------------------------------


def standalone(kind: str, frame: Frame, port: int) -> None:
    where = f"127.0.0.1:{port}"
    if kind == "gunicorn":
        frame.start(
            frame.python,
            "-m",
            "gunicorn",
            "-b",
            where,
            "--threads",
            "4",
            "--forwarded-allow-ips",
            "",
            "--forwarder-headers",
            "",
            "app:application",
        )
    elif kind == "waitress":
        frame.run_python(
            f"from app import application\nfrom waitress import serve\nserve(application, listen='{where}', clear_untrusted_proxy_headers=False)\n"
        )
    elif kind == "cheroot":
        frame.run_python(
            f"from app import application\nfrom cheroot.wsgi import Server\nServer(('127.0.0.1', {port}), application).start()\n"
        )
    elif kind == "granian":
        frame.start(
            str(frame.environment / "bin/granian"),
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "app:application",
        )
    elif kind == "bjoern":
        frame.run_python(f"import bjoern\nfrom app import application\nbjoern.run(application, '127.0.0.1', {port})\n")
    elif kind == "wsgiref":
        frame.run_python(
            f"from app import application\nfrom wsgiref.simple_server import make_server\nmake_server('127.0.0.1', {port}, application).serve_forever()\n"
        )
    elif kind == "gevent":
        frame.run_python(
            f"from app import application\nfrom gevent.pywsgi import WSGIServer\nWSGIServer(('127.0.0.1', {port}), application).serve_forever()\n"
        )
    else:
        bridge = (
            "from app import application as wsgi\nfrom wiki.gateway.asgi import Bridge\napplication = Bridge(wsgi)\n"
        )
        frame.write("asgi.py", bridge)
        if kind == "uvicorn":
            frame.start(
                frame.python,
                "-m",
                "uvicorn",
                "--no-proxy-headers",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "asgi:application",
            )
        else:
            frame.start(frame.python, "-m", "hypercorn", "-b", where, "asgi:application")
    frame.wait(port)


def alone(kind: str) -> Callable[[Frame], None]:
    return lambda frame: standalone(kind, frame, frame.port)


def behind_nginx(kind: str, stripped: bool) -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        standalone(kind, frame, frame.inner)
        target = f"http://127.0.0.1:{frame.inner}" + ("/" if stripped else "")
        place = frame.mount + "/" if stripped else frame.mount or "/"
        nginx(
            frame,
            f"""location {place} {{
proxy_pass {target};
proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host "";
proxy_set_header X-Forwarded-Prefix "{frame.mount if stripped else ""}";
}}""",
        )

    return run


def behind_apache(kind: str, stripped: bool) -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        standalone(kind, frame, frame.inner)
        slash = "" if frame.mount and not stripped else "/"
        bare = f'RedirectMatch 301 "^{frame.mount}$" "{frame.mount}/"' if stripped else ""
        apache(
            frame,
            "proxy proxy_http",
            f"""\
{bare}
ProxyPass "{frame.mount}{slash}" "http://127.0.0.1:{frame.inner}{"" if stripped else frame.mount}{slash}" nocanon
ProxyPreserveHost On
RequestHeader set X-Forwarded-Proto "http"
"""
            + (
                f'RequestHeader set X-Forwarded-Prefix "{frame.mount}"\n'
                if stripped
                else "RequestHeader unset X-Forwarded-Prefix\n"
            ),
        )

    return run


def behind_lighttpd(kind: str, stripped: bool) -> Callable[[Frame], None]:
    def run(frame: Frame) -> None:
        standalone(kind, frame, frame.inner)
        header = (
            f'proxy.header = ("map-urlpath" => ("{frame.mount}/" => "/", "{frame.mount}" => "/"))\n' if stripped else ""
        )
        lighttpd(
            frame,
            "mod_proxy mod_setenv",
            f"""\
$HTTP["url"] =~ "^{frame.mount}(/|$)" {{
setenv.set-request-header = ("X-Forwarded-Prefix" => "{frame.mount if stripped else ""}")
{header}proxy.server = ("" => (("host" => "127.0.0.1", "port" => {frame.inner})))
}}""",
        )

    return run


GATEWAYS: dict[str, Callable[[Frame], None]] = {
    "apache mod_cgid": mod_cgid,
    "apache mod_cgi": mod_cgi,
    "apache htaccess": htaccess,
    "lighttpd mod_cgi": lighttpd_cgi,
    "nginx fcgiwrap": fcgiwrap,
    "apache mod_fcgid": mod_fcgid,
    "apache mod_proxy_fcgi": proxied("fcgi", "fastcgi", ""),
    "lighttpd mod_fastcgi": lighttpd_gateway("fastcgi", "fastcgi"),
    "nginx fastcgi": nginx_gateway("fastcgi"),
    "apache mod_proxy_scgi": proxied("scgi", "scgi"),
    "lighttpd mod_scgi": lighttpd_gateway("scgi", "scgi"),
    "nginx scgi": nginx_gateway("scgi"),
    "apache mod_proxy_ajp": proxied("ajp", "ajp", f" nocanon secret={SECRET}"),
    "apache mod_wsgi": mod_wsgi,
    "apache passenger": passenger,
    "nginx uwsgi": uwsgi_nginx,
    "apache mod_proxy_uwsgi": uwsgi_apache,
    "uwsgi http": uwsgi_http,
    **{name: alone(name) for name in ("gunicorn", "waitress", "cheroot", "granian", "bjoern", "wsgiref", "gevent")},
    **{name: alone(name) for name in ("uvicorn", "hypercorn")},
    "nginx gunicorn": behind_nginx("gunicorn", False),
    "nginx gunicorn stripped": behind_nginx("gunicorn", True),
    "apache gunicorn": behind_apache("gunicorn", False),
    "apache gunicorn stripped": behind_apache("gunicorn", True),
    "lighttpd gunicorn": behind_lighttpd("gunicorn", False),
    "lighttpd gunicorn stripped": behind_lighttpd("gunicorn", True),
}
