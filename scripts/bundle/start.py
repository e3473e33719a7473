"""Starts the wiki of a bundle. Also a Python that is too old understands this file, and says that it is."""

import os
import sys

PROGRAM = os.path.dirname(os.path.abspath(__file__))
OWN = os.path.dirname(os.path.dirname(PROGRAM))
DATA = os.path.join(OWN, "data")

OLD = """\
Status: 500 Internal Server Error
Content-Type: text/html; charset=utf-8
Cache-Control: no-store

<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The wiki needs a newer Python</title><h1>The wiki needs a newer Python</h1>
<p>The Python of this host is %s, and the wiki needs 3.11 or newer. Many hosts have a newer one to be switched on in
their control panel; else please ask your host for it.</p></html>
"""


def main():
    """Answer the request that this process was started for (RFC 3875)."""
    if sys.version_info < (3, 11):
        sys.stdout.write(OLD % ".".join([str(part) for part in sys.version_info[:3]]))
        return
    from wiki.gateway.cgi import run

    data = remembered()
    if data:
        os.environ["WIKI_DATA"] = data
        from wiki.wsgi import application
    else:
        from wiki.bundle import opening

        application = opening(os.path.dirname(OWN))
    run(application)


def remembered():
    """Return the data folder that the first visit chose (written relative to DATA), '' if there is none."""
    try:
        with open(os.path.join(DATA, "folder.txt"), "rb") as file:
            place = os.fsdecode(file.read().strip())
    except OSError:
        return ""
    data = os.path.realpath(os.path.join(DATA, place))
    return data if place and os.path.isdir(data) else ""


main()
