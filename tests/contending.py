"""One of the processes that save to one page at once: `python -m tests.contending DATA SESSION PROCESS THREADS SAVES`.

Prints, a line each, what was acknowledged, and every status that a save must never have.
"""

from __future__ import annotations

import html
import re
import sys
import threading

from flask import Flask

from wiki.app import create_app

PAGE = "Busy"
FIELD = re.compile(r'name="(base|csrf_token)" value="([^"]*)"')
AREA = re.compile(r'<textarea id="text"[^>]*>\n?(.*?)</textarea>', re.S)


def writer(app: Flask, session: str, name: str, saves: int) -> None:
    """Add a line to this writer's own section, again and again, as a person would: form, change, save."""
    client = app.test_client()
    client.set_cookie("wiki_session", session)
    for number in range(saves):
        line = f"line {name}-{number}"
        for _attempt in range(200):
            form = client.get(f"/{PAGE}?action=edit").get_data(as_text=True)
            fields = dict(FIELD.findall(form))
            found = AREA.search(form)
            assert found, form
            text = html.unescape(found[1]).replace(f"section {name}\n", f"section {name}\n{line}\n")
            answer = client.post(f"/{PAGE}?action=edit", data={**fields, "text": text, "do": "save"})
            if answer.status_code == 303:
                print(f"saved {line}", flush=True)
                break
            if answer.status_code not in (409, 503):
                print(f"status {answer.status_code}", flush=True)
                break


def main(data: str, session: str, process: str, threads: int, saves: int) -> None:
    """Run the writers."""
    app = create_app(data)
    running = [threading.Thread(target=writer, args=(app, session, f"{process}-{n}", saves)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
