# Two lines are yours: the program's folder (nothing if it is installed), and the data folder.
import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ["WIKI_DATA"] = "/srv/wiki/data"

from wiki.wsgi import application
