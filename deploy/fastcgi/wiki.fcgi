#!/usr/bin/python3
# Three lines are yours: the interpreter above, the program's folder (nothing if it is installed), and the data folder.
import os, sys
sys.path.insert(0, "/srv/wiki/program")
os.environ["WIKI_DATA"] = "/srv/wiki/data"
from wiki.wsgi import application
from wiki.gateway.fastcgi import run
run(application)
