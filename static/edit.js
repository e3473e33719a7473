// The editor's comforts around a plain textarea: keys, lists that go on, live preview, a warning before text is lost.
(() => {
  "use strict";
  const form = document.getElementById("editor"), text = document.getElementById("text");
  if (!form || !text) return;
  const words = JSON.parse(form.dataset.words), status = document.getElementById("editor-status");
  const pane = document.getElementById("preview"), shown = document.getElementById("preview-text");
  const started = text.defaultValue;
  let sending = false;

  // -- unsaved text is not lost by accident; what the server sent back instead of saving is unsaved too
  const restored = document.querySelector(".box.error, #changes, #preview:not([hidden])") !== null;
  const changed = () => restored || text.value !== started;
  addEventListener("beforeunload", event => { if (changed() && !sending) event.preventDefault(); });
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("pageshow", () => { sending = false; });

  // -- writing so that the browser's own undo keeps working
  const write = (start, end, value) => {
    text.focus();
    text.setSelectionRange(start, end);
    if (!document.execCommand(value ? "insertText" : "delete", false, value)) {
      text.setRangeText(value, start, end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const around = (before, after, inner = "") => {
    const start = text.selectionStart, end = text.selectionEnd, picked = text.value.slice(start, end) || inner;
    const outer = text.value.slice(start - before.length, start) === before && text.value.slice(end, end + after.length) === after;
    if (outer && picked) {
      write(start - before.length, end + after.length, picked);
      text.setSelectionRange(start - before.length, start - before.length + picked.length);
    } else {
      write(start, end, before + picked + after);
      text.setSelectionRange(start + before.length, start + before.length + picked.length);
    }
  };
  const lines = prefix => {
    const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    const found = text.value.indexOf("\n", text.selectionEnd), end = found < 0 ? text.value.length : found;
    const block = text.value.slice(start, end).split("\n");
    const off = block.every(line => line.startsWith(prefix));
    const result = block.map(line => off ? line.slice(prefix.length) : prefix + line).join("\n");
    write(start, end, result);
    text.setSelectionRange(start, start + result.length);
  };
  const moin = text.dataset.markup === "moin", markdown = text.dataset.markup === "markdown";
  const deeds = {
    bold: ["B", "b", () => moin ? around("'''", "'''") : around("**", "**")],
    italic: ["I", "i", () => moin ? around("''", "''") : around("*", "*")],
    link: [words.link, "k", () => moin ? around("[[https://|", "]]", words.link) : around("[", "](https://)", words.link)],
    page: ["[[ ]]", "", () => around("[[", "]]")],
    heading: ["H", "", () => moin ? around("== ", " ==", words.heading) : lines("## ")],
    list: ["•", "", () => lines(moin ? " * " : "* ")],
    code: ["{ }", "", () => moin ? around("`", "`") : around("`", "`")],
  };
  const bar = document.createElement("div");
  bar.className = "tools";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", words.tools);
  if (moin || markdown) {
    for (const [name, [sign, key, deed]] of Object.entries(deeds)) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet", textContent: sign, title: words[name] + (key ? ` (Ctrl-${key.toUpperCase()})` : "") });
      button.setAttribute("aria-label", words[name]);
      if (key) button.setAttribute("aria-keyshortcuts", `Control+${key.toUpperCase()}`);
      button.addEventListener("click", deed);
      bar.append(button);
    }
  }
  text.before(bar);

  // -- keys
  const press = value => form.querySelector(`button[name=do][value=${value}]`).click();
  form.addEventListener("keydown", event => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      const deed = (moin || markdown) && event.target === text && Object.values(deeds).find(([, key]) => key && key === event.key.toLowerCase());
      if (event.key.toLowerCase() === "s") { event.preventDefault(); press("save"); }
      else if (event.key === "Enter") { event.preventDefault(); live.checked = true; preview(); }
      else if (deed) { event.preventDefault(); deed[2](); }
    } else if (event.key === "Enter" && event.target === text && !event.shiftKey && !event.altKey) goOn(event);
  });
  // Enter in a list begins the next item; in an empty item it ends the list.
  const goOn = event => {
    const place = text.selectionStart;
    if (place !== text.selectionEnd || !(moin || markdown)) return;
    const start = text.value.lastIndexOf("\n", place - 1) + 1, line = text.value.slice(start, place);
    const found = (moin ? /^( +)(\*|\d+\.|[aAiI]\.)( +)()/ : /^( *)([*+-]|\d+[.)]|>)( +)(\[[ xX]\] +)?/).exec(line);
    if (!found) return;
    event.preventDefault();
    if (found[0].length === line.length) return write(start, place, "");
    const sign = moin ? found[2] : found[2].replace(/^\d+/, number => Number(number) + 1);
    write(place, place, `\n${found[1]}${sign}${found[3]}${found[4] ? "[ ] " : ""}`);
  };

  // -- live preview: made by the server, 400 ms after the last key; an answer that is overtaken is thrown away
  const live = Object.assign(document.createElement("input"), { type: "checkbox", id: "live" });
  try { live.checked = localStorage.getItem("live-preview") !== "off" && matchMedia("(min-width: 64rem)").matches; } catch { /* private mode */ }
  const label = document.createElement("label");
  label.append(live, words.live);
  bar.append(label);
  let timer, running, last = null;
  const preview = async () => {
    clearTimeout(timer);
    pane.hidden = false;
    if (text.value === last) return;
    running?.abort();
    const mine = running = new AbortController(), sent = text.value;
    status.textContent = words.wait;
    try {
      const answer = await fetch(form.dataset.preview, {
        method: "POST", signal: mine.signal, headers: { Accept: "text/html" },
        body: new URLSearchParams({ csrf_token: form.elements.csrf_token.value, text: sent, base: form.elements.base?.value ?? "" }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      shown.innerHTML = await answer.text();
      last = sent;
      status.textContent = changed() ? words.unsaved : words.fresh;
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = words.failed;
    }
  };
  live.addEventListener("change", () => {
    try { localStorage.setItem("live-preview", live.checked ? "on" : "off"); } catch { /* private mode */ }
    if (live.checked) preview(); else { running?.abort(); pane.hidden = true; }
  });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    if (live.checked) timer = setTimeout(preview, 400);
  });
  if (live.checked) preview();
})();
