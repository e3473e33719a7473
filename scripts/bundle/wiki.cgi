#!/bin/sh
# The wiki. This finds a Python that is new enough and has it answer; the program itself lies in the folder `-`.
# Its mode must be 755.
case $0 in */*) cd "${0%/*}" || exit ;; esac
start=./-/program/@NAME@/start.py

# The first of these that is there, the newest first: of the system, of the administrator, of two hosting panels.
for minor in 19 18 17 16 15 14 13 12 11; do
    for python in "/usr/bin/python3.$minor" "/usr/local/bin/python3.$minor" \
        "/opt/alt/python3$minor/bin/python3.$minor" "/opt/cpanel/ea-python3$minor/root/usr/bin/python3.$minor"; do
        # Nothing but what is here is needed: not the system's packages (-S), the user's (-s), or PYTHON variables (-E).
        if [ -x "$python" ]; then exec "$python" -sES "$start"; fi
    done
done

# Of this one the version is not known: start.py says so if it is too old.
if python=$(command -v python3); then exec "$python" -sES "$start"; fi

cat <<'END'
Status: 500 Internal Server Error
Content-Type: text/html; charset=utf-8
Cache-Control: no-store

<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The wiki needs Python</title><h1>The wiki needs Python</h1>
<p>There is no Python 3 on this host. Please ask your host for Python 3.11 or newer, or choose one that has it.</p></html>
END
