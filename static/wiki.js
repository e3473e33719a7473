// What a script can add to a finished page: theme, suggestions, shortcuts, copying code. Nothing here is needed to read or write.
(() => {
  "use strict";
  const root = document.documentElement, body = document.body, words = JSON.parse(body.dataset.words || "{}");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, values = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...children);
    return element;
  };

  // -- light or dark: the cookie is what the server reads, so that the next page is right from its first paint
  for (const link of all("[data-toggle-theme]")) {
    link.setAttribute("role", "button");
    link.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      const theme = root.dataset.theme = dark ? "light" : "dark";
      document.querySelector("meta[name=color-scheme]").content = theme;
      const path = new URL(root.dataset.root, location.href).pathname;
      document.cookie = `wiki_theme=${theme};path=${path};max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
    });
    link.addEventListener("keydown", event => { if (event.key === " ") { event.preventDefault(); link.click(); } });
  }

  // -- menus close on Escape and on a click elsewhere
  const menus = all("details.pop");
  addEventListener("click", event => menus.forEach(menu => { if (!menu.contains(event.target)) menu.open = false; }));
  addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    for (const menu of menus.filter(menu => menu.open)) {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    }
  });

  // -- wide tables and code can be scrolled by keyboard; code can be copied
  for (const table of all(".text table")) {
    if (table.closest(".scroll, .highlight, .codehilite, .diff") || table.parentElement.closest("table")) continue;
    const label = table.caption ? table.caption.textContent : words.table;
    const box = make("div", { className: "scroll", tabIndex: 0 });
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", label);
    table.replaceWith(box);
    box.append(table);
  }
  for (const pre of all(".text pre")) {
    pre.tabIndex = 0;
    if (!navigator.clipboard) continue;
    const button = make("button", { type: "button", className: "button", textContent: words.copy });
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.textContent.replace(/\n$/, ""));
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2000);
    });
    const box = make("div", { className: "code" });
    pre.replaceWith(box);
    box.append(pre, button);
  }

  // -- comments in a text are hidden until one asks for them, as in MoinMoin
  const commented = document.querySelector(".text:has(.comment)");
  if (commented) {
    const button = make("button", { type: "button", className: "button plain", textContent: words.comments });
    const toggle = hidden => {
      body.classList.toggle("comments-hidden", hidden);
      button.setAttribute("aria-pressed", String(!hidden));
    };
    button.addEventListener("click", () => toggle(!body.classList.contains("comments-hidden")));
    commented.prepend(make("p", {}, button));
    toggle(true);
  }

  // -- the table of contents shows where one is
  const entries = new Map(all(".beside .contents a").map(link => [decodeURIComponent(link.hash.slice(1)), link]));
  const headings = [...entries.keys()].map(id => document.getElementById(id)).filter(Boolean);
  if (headings.length && "IntersectionObserver" in window) {
    const mark = () => {
      const passed = headings.filter(heading => heading.getBoundingClientRect().top < 120);
      const current = entries.get((passed.at(-1) || headings[0]).id);
      entries.forEach(link => link === current ? link.setAttribute("aria-current", "location") : link.removeAttribute("aria-current"));
    };
    const observer = new IntersectionObserver(mark, { rootMargin: "-110px 0px -40% 0px" });
    headings.forEach(heading => observer.observe(heading));
  }

  // -- page names are suggested while one types (WAI-ARIA combobox with a list)
  const search = document.getElementById("search");
  if (search) {
    const list = make("ul", { id: "suggestions", className: "suggest", hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", words.pages);
    search.after(list);
    for (const [key, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) search.setAttribute(key, value);
    let timer, running, chosen = -1;
    const show = open => {
      list.hidden = !open;
      search.setAttribute("aria-expanded", String(open));
      choose(-1);
    };
    const choose = index => {
      chosen = index;
      [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
      if (index < 0) search.removeAttribute("aria-activedescendant");
      else search.setAttribute("aria-activedescendant", list.children[index].id);
    };
    const ask = async () => {
      running?.abort();
      running = new AbortController();
      try {
        const answer = await fetch(`${root.dataset.root}-/suggest?q=${encodeURIComponent(search.value)}`, { signal: running.signal });
        if (!answer.ok) return;
        const pages = (await answer.json()).slice(0, 10);
        list.replaceChildren(...pages.map((page, place) => {
          const item = make("li", { id: `suggestion-${place}`, textContent: page.name, dir: "auto" });
          item.setAttribute("role", "option");
          item.addEventListener("mousedown", event => { event.preventDefault(); location.href = page.url; });
          item.go = () => { location.href = page.url; };
          return item;
        }));
        show(pages.length > 0 && document.activeElement === search);
      } catch { /* no suggestions then */ }
    };
    search.addEventListener("input", () => {
      clearTimeout(timer);
      if (search.value.trim()) timer = setTimeout(ask, 120);
      else { running?.abort(); show(false); }
    });
    search.addEventListener("blur", () => show(false));
    search.addEventListener("keydown", event => {
      const count = list.children.length;
      if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); show(false); }
      else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        choose(event.key === "ArrowDown" ? (chosen + 2) % (count + 1) - 1 : (chosen + count + 1) % (count + 1) - 1);
      } else if (event.key === "Enter" && chosen >= 0 && !event.isComposing) { event.preventDefault(); list.children[chosen].go(); }
    });
  }

  // -- single keys; they can be switched off (WCAG 2.1.4) in the preferences, or for this device in the list that ? shows
  const stored = { get: () => { try { return localStorage.getItem("shortcuts"); } catch { return null; } }, set: value => { try { localStorage.setItem("shortcuts", value); } catch { /* private mode */ } } };
  const keys = all("[data-key]").filter(item => item.getClientRects().length || item.closest("details.pop:not(.only-narrow)"));
  let enabled = body.dataset.shortcuts !== "off" && stored.get() !== "off", before = "", pressed = 0;
  const help = () => {
    const box = make("input", { type: "checkbox", checked: enabled });
    box.addEventListener("change", () => { enabled = box.checked; stored.set(enabled ? "on" : "off"); });
    const rows = [...keys.map(item => [item.dataset.key, item.labels?.[0]?.textContent || item.textContent.trim()]), ["?", words.help]];
    const dialog = make("dialog", {},
      make("h2", { id: "keys-title", textContent: words.keys }),
      make("dl", { className: "keys" }, ...rows.map(([key, text]) => make("div", {}, make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: text })))),
      make("p", { className: "check" }, make("label", {}, box, " " + words.on)),
      make("form", { method: "dialog" }, make("button", { className: "button plain", textContent: words.close })));
    dialog.setAttribute("aria-labelledby", "keys-title");
    dialog.addEventListener("close", () => dialog.remove());
    body.append(dialog);
    dialog.showModal();
  };
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    if (event.key === "?" && body.dataset.shortcuts !== "off") { event.preventDefault(); return help(); }
    if (!enabled) return;
    const pair = event.timeStamp - pressed < 1500 ? `${before} ${event.key}` : "";
    const found = keys.find(item => item.dataset.key === pair) || keys.find(item => item.dataset.key === event.key);
    before = event.key;
    pressed = event.timeStamp;
    if (!found) return;
    event.preventDefault();
    if (found.matches("input")) found.select(); else found.click();
  });
})();
