/* The form of a rule: actions that show what belongs to their kind, chips of labels, a live word on times. */
"use strict";

(() => {
  const fitting = {
    notify: ["channel"],
    suppress: ["value"],
    set: ["field", "value"],
    page: ["team"],
    remediate: ["plugin", "parameters", "dry_run", "approval"],
  };
  const words = { suppress: "Reason", set: "New value" };

  function fit(row) {
    const kind = row.querySelector("[data-field=kind] select")?.value;
    for (const part of row.querySelectorAll("[data-field]")) {
      const name = part.dataset.field;
      part.hidden = name !== "kind" && !(fitting[kind] || []).includes(name);
      if (name === "value" && words[kind]) {
        part.querySelector("label").textContent = words[kind];
      }
    }
  }

  /* Rows are numbered anew, so that none is missing when they are sent. */
  function number(group) {
    const rows = [...group.querySelectorAll("[data-action]")];
    const prefix = group.dataset.formset;
    rows.forEach((row, index) => {
      for (const element of row.querySelectorAll("*")) {
        for (const name of ["id", "name", "for", "data-for"]) {
          const text = element.getAttribute(name);
          if (text) {
            element.setAttribute(name, text.replace(new RegExp(`${prefix}-(\\d+|__prefix__)`), `${prefix}-${index}`));
          }
        }
      }
    });
    group.querySelector("[name$=TOTAL_FORMS]").value = rows.length;
  }

  function actions(group) {
    const empty = group.querySelector("[data-empty]");
    const add = group.querySelector("[data-add]");
    const change = (event) => event.target.closest("[data-field=kind]") && fit(event.target.closest("li"));

    function prepare(row) {
      const removal = row.querySelector("[data-delete]");
      const button = row.querySelector("[data-remove]");
      fit(row);
      if (!button) {
        return;
      }
      button.hidden = false;
      if (removal) {
        removal.hidden = true;
      }
      button.addEventListener("click", () => {
        if (!removal) {
          row.remove();
          number(group);
          add.focus();
          return;
        }
        const box = removal.querySelector("input");
        box.checked = !box.checked;
        row.classList.toggle("is-removed", box.checked);
        button.textContent = box.checked ? "undo" : "×";
      });
    }

    group.querySelectorAll("[data-action]").forEach(prepare);
    group.addEventListener("change", change);
    if (!add || !empty) {
      return;
    }
    add.hidden = false;
    add.addEventListener("click", () => {
      const row = empty.cloneNode(true);
      row.hidden = false;
      row.removeAttribute("data-empty");
      row.classList.remove("is-empty");
      row.setAttribute("data-action", "");
      empty.before(row);
      number(group);
      prepare(row);
      row.querySelector("select").focus();
    });
  }

  /* Labels to press, below the field that takes their names. */
  async function chips(root) {
    const field = root.querySelector("input");
    const place = root.querySelector("[data-chips]");
    const names = () => field.value.split(",").map((name) => name.trim()).filter(Boolean);
    const found = await fetch(root.dataset.labels).then((answer) => answer.json()).catch(() => ({ labels: {} }));
    const offered = Object.keys(found.labels).filter((name) => !["summary", "value", "dedup_key"].includes(name)).slice(0, 24);

    function draw() {
      const chosen = names();
      for (const chip of place.children) {
        chip.setAttribute("aria-pressed", chosen.includes(chip.textContent));
      }
    }
    place.replaceChildren(...offered.map((name) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "ops-chip";
      chip.textContent = name;
      chip.addEventListener("click", () => {
        const chosen = names();
        field.value = (chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]).join(", ");
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      return chip;
    }));
    place.hidden = !offered.length;
    field.addEventListener("input", draw);
    draw();
  }

  function hours(root) {
    const area = root.querySelector("textarea");
    const said = root.querySelector("[data-said]");
    const token = area.form.querySelector("[name=csrfmiddlewaretoken]").value;
    let timer = null;
    let asked = 0;

    async function ask() {
      const mine = ++asked;
      try {
        const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
        const body = JSON.stringify({ text: area.value });
        const answer = await (await fetch(root.dataset.url, { method: "POST", headers, body })).json();
        if (mine === asked) {
          said.hidden = false;
          said.textContent = answer.says || answer.complaint || "";
          said.classList.toggle("is-wrong", Boolean(answer.complaint));
        }
      } catch {
        said.hidden = true;
      }
    }
    area.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 300);
    });
    ask();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-formset]").forEach(actions);
    document.querySelectorAll("[data-label-chips]").forEach(chips);
    document.querySelectorAll("[data-hours]").forEach(hours);
  });
})();
