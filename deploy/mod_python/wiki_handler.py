# Three lines are yours: the environment, the program's folder (nothing if it is installed there), and the data folder.
import os
import sys

sys.path.insert(0, f"/srv/wiki/venv/lib/python3.{sys.version_info[1]}/site-packages")
sys.path.insert(0, "/srv/wiki/program")
os.environ["WIKI_DATA"] = "/srv/wiki/data"

from wiki.gateway.mod_python import handling
from wiki.wsgi import application

handler = handling(application)
