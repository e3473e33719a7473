#!/usr/bin/python3
# Does this server run CGI programs, and with which Python? Any version from 2.6 on can say so. Delete it afterwards.
import os
import sys

enough = sys.version_info >= (3, 11)
lines = ["Python %s runs here. %s" % (sys.version.split()[0], "That is new enough." if enough else "The wiki needs 3.11.")]
if not enough:
    found = []
    for folder in ["/usr/bin", "/usr/local/bin"] + ["/opt/alt/python3%d/bin" % minor for minor in range(11, 30)]:
        for minor in range(11, 30):
            path = "%s/python3.%d" % (folder, minor)
            if os.access(path, os.X_OK):
                found.append(path)
    if found:
        lines.append("A newer one is here as well. As the first line of wiki.cgi, write: #!" + found[-1])
    else:
        lines.append("No newer one was found in the usual places: ask the host which there is.")
lines.append("")
lines.append("interpreter  " + str(sys.executable))
lines.append("this file    " + os.path.abspath(sys.argv[0]))
lines.append("user         %s" % (os.getuid() if hasattr(os, "getuid") else ""))
lines.append("server       " + os.environ.get("SERVER_SOFTWARE", ""))
sys.stdout.write("Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n" + "\n".join(lines) + "\n")
