"""The wiki on AWS Lambda: the function's handler is `wiki_lambda.handler`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from wiki.gateway.function import handler as made
from wiki.wsgi import application

handler = made(application)
