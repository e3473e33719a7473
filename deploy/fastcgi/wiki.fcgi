#!/usr/bin/python3
# The interpreter above, the program's folder (the line goes where it is installed) and the data folder are yours.
import os, sys
sys.path.insert(0, "/srv/wiki/program")
os.environ["WIKI_DATA"] = "/srv/wiki/data"
from wiki.wsgi import application
from wiki.gateway.fastcgi import run
run(application)
