#!/usr/bin/python3
# Does the server run CGI programs at all, and which Python? Delete this file afterwards.
import sys
print("Content-Type: text/plain\r\n\r\nPython", sys.version.split()[0], "runs here.", "That is new enough." if sys.version_info >= (3, 11) else "The wiki needs 3.11.")
