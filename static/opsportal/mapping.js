/* The page of a mapping: a payload to point at, and what comes of it while one writes. The server
   alone reads expressions; without this the buttons do the same. */
"use strict";

(() => {
  const MOST_SHOWN = 100;
  const MOST_NODES = 3000;
  const SMALL = 6000;
  const DEEPEST = 40;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const escape = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
  const pointer = (path) => path.map((name) => `/${escape(name)}`).join("");

  /* Where a simple expression leads; null for what only the server can tell. */
  function pathOf(text) {
    if (text === "@" || text === "$") {
      return [];
    }
    const rest = text.replace(/^\$\.?/, "");
    if (rest.startsWith("/")) {
      return rest.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    }
    const plain = rest.replace(/\[\*?\]$/, "");
    return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(plain) ? plain.split(".") : null;
  }

  class Page {
    constructor(root) {
      this.root = root;
      this.form = root.closest("form");
      this.payload = this.form.elements.payload;
      this.tree = root.querySelector("[data-tree]");
      this.result = root.querySelector("[data-result]");
      this.told = root.querySelector("[data-target]");
      this.asked = 0;
      this.timer = null;
      const fields = [...root.querySelectorAll("[data-expression]")];
      this.target(fields.find((field) => field.name === "field_name"));
      fields.forEach((field) => field.addEventListener("focus", () => this.target(field)));
      this.form.addEventListener("input", (event) => this.changed(event));
      this.form.addEventListener("change", (event) => this.changed(event));
      root.addEventListener("click", (event) => this.pressed(event));
      this.draw();
      this.markNothing();
    }

    target(field) {
      this.field = field;
      this.root.querySelectorAll(".is-target").forEach((row) => row.classList.remove("is-target"));
      const row = field.closest("[data-row]");
      row.classList.add("is-target");
      const name = row.querySelector("label").textContent.replace("*", "").trim().toLowerCase();
      this.told.replaceChildren("press a value: it goes into ", make("b", {}, name));
    }

    changed(event) {
      if (event.target === this.payload) {
        this.draw();
      }
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.ask(), 250);
    }

    pressed(event) {
      const use = event.target.closest("[name=_use]");
      const value = event.target.closest("[data-path]");
      if (use) {
        event.preventDefault();
        this.ask(use);
      } else if (event.target.closest("[name=_try]")) {
        event.preventDefault();
        this.ask();
      } else if (value) {
        event.preventDefault();
        this.point(JSON.parse(value.dataset.path));
      }
    }

    /* The pointer of what was pressed: from the alert it is in, or with $ from the payload. */
    expression(path) {
      const list = this.form.elements.alerts.value.trim();
      if (!list || ["alerts", "condition"].includes(this.field.name)) {
        return pointer(path) || "@";
      }
      const base = pathOf(list);
      const within = base && path.length > base.length && base.every((name, at) => String(path[at]) === name);
      if (within) {
        const inner = path.slice(base.length);
        const isList = typeof inner[0] === "number";
        return pointer(isList ? inner.slice(1) : inner) || "@";
      }
      return `$${pointer(path)}`;
    }

    point(path) {
      const text = this.expression(path);
      if ("lines" in this.field.dataset) {
        const name = String(path.at(-1) ?? "payload").replaceAll("=", "_");
        const lines = this.field.value.trimEnd();
        this.field.value = `${lines}${lines ? "\n" : ""}${name} = ${text}`;
      } else {
        this.field.value = text;
      }
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
      this.field.focus({ preventScroll: true });
    }

    async ask(button) {
      this.asked += 1;
      const mine = this.asked;
      const body = new FormData(this.form);
      if (button) {
        body.append(button.name, button.value);
      }
      try {
        const response = await fetch(this.root.dataset.url, { method: "POST", body, redirect: "manual" });
        if (!response.ok) {
          throw new Error(String(response.status));
        }
        const answer = await response.json();
        if (mine === this.asked) {
          this.show(answer);
          this.root.querySelectorAll("[name=_use]").forEach((other) => {
            if (button) {
              other.setAttribute("aria-pressed", other === button);
            }
          });
        }
      } catch {
        if (mine === this.asked) {
          this.result.replaceChildren(make("p", { class: "ops-complaint" }, "The portal does not answer: reload the page to try again. What you wrote is still here."));
        }
      }
    }

    show(answer) {
      if (answer.payload !== undefined) {
        this.payload.value = answer.payload;
        this.draw();
      }
      for (const place of this.root.querySelectorAll("[data-found]")) {
        place.textContent = answer.found[place.dataset.found] || "";
        place.hidden = !place.textContent;
      }
      for (const place of this.root.querySelectorAll("[data-complaint]")) {
        place.textContent = (answer.complaints[place.dataset.complaint] || []).join(" ");
        place.hidden = !place.textContent;
        place.closest("[data-row]")?.classList.toggle("is-wrong", !place.hidden);
      }
      this.result.innerHTML = answer.html;
      this.markNothing();
    }

    markNothing() {
      for (const place of this.root.querySelectorAll("[data-found]")) {
        place.classList.toggle("is-nothing", place.textContent === "nothing");
      }
    }

    draw() {
      if (this.drawn === this.payload.value) {
        return; // as when the field is left by the press on a value
      }
      this.drawn = this.payload.value;
      let value;
      try {
        value = JSON.parse(this.payload.value);
      } catch {
        this.tree.hidden = true;
        this.told.hidden = true;
        return;
      }
      this.nodes = 0;
      this.tree.replaceChildren(make("ul", {}, this.node("", value, [])));
      this.tree.hidden = false;
      this.told.hidden = false;
      if (document.activeElement !== this.payload) {
        this.root.querySelector("[data-as-text]").open = false;
      }
    }

    node(name, value, path) {
      this.nodes += 1;
      const at = { type: "button", "data-path": JSON.stringify(path) };
      const label = name === "" ? [] : [make("button", { ...at, class: "is-name", title: pointer(path) }, `${name}:`), " "];
      if (value === null || typeof value !== "object") {
        const kind = typeof value === "string" ? "is-text" : typeof value === "number" ? "is-number" : "is-word";
        const text = JSON.stringify(value);
        const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
        return make("li", {}, ...label, make("button", { ...at, class: kind, title: pointer(path) }, shown));
      }
      const isList = Array.isArray(value);
      const names = isList ? [...value.keys()] : Object.keys(value);
      const size = isList ? `[${names.length}]` : `{${names.length}}`;
      const whole = make("button", { ...at, class: "is-name", title: pointer(path) || "all of it" }, name === "" ? `all ${size}` : `${name}: ${size}`);
      const list = make("ul");
      const most = path.length < DEEPEST && this.nodes < MOST_NODES ? MOST_SHOWN : 0;
      list.append(...names.slice(0, most).map((key) => this.node(key, value[key], [...path, key])));
      if (names.length > most) {
        list.append(make("li", { class: "is-name" }, `… ${names.length - most} more, not shown`));
      }
      const details = make("details", {}, make("summary", {}, whole), list);
      details.open = path.length < 4 || this.drawn.length < SMALL;
      return make("li", {}, details);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-mapping]").forEach((root) => new Page(root));
  });
})();
