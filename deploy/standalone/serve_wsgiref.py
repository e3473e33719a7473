"""The wiki with Python alone, one request at a time, to try it out: `WIKI_DATA=data python serve_wsgiref.py [PORT]`."""

import sys
from wsgiref.simple_server import make_server

from wiki.wsgi import application

make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080, application).serve_forever()
