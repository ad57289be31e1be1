/* The guided editor of matchers. The text area is the truth; the server alone knows the grammar. */
"use strict";

(() => {
  let known = null;

  /* Labels and values seen lately; asked for once a page, at the first need. */
  function labels(url) {
    known ??= fetch(url, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : { labels: {} }))
      .then((found) => found.labels)
      .catch(() => ({}));
    return known;
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  class Editor {
    constructor(root) {
      this.root = root;
      this.area = root.querySelector("textarea");
      this.guided = root.querySelector("[data-guided]");
      this.complaint = root.querySelector("[data-complaint]");
      this.operators = JSON.parse(root.dataset.operators);
      this.token = this.area.form.querySelector("[name=csrfmiddlewaretoken]").value;
      this.asked = 0;
      this.timer = null;
      this.busy = null;
      this.unfinished = false;
      this.build();
      this.show(JSON.parse(root.dataset.rows || "[]"));
      this.guided.hidden = false;
      this.area.addEventListener("input", () => this.later(() => this.readText(), 250));
      this.area.form.addEventListener("submit", (event) => this.beforeSubmit(event), true);
    }

    build() {
      this.list = make("div", { class: "ops-guided-rows" });
      this.nothing = make("p", { class: "ops-muted" }, "No matchers: every alert matches.");
      this.names = make("datalist", { id: `${this.area.id}-names` });
      const add = make("button", { type: "button", class: "ops-button", "data-add": "" }, "+ Add a matcher");
      add.addEventListener("click", () => this.add());
      const foot = make("p", { class: "ops-guided-foot" }, add, make("span", { class: "ops-muted" }, "all must hold"));
      this.guided.append(this.nothing, this.list, foot, this.names);
      this.guided.addEventListener("focusin", () => this.suggest(), { once: true });
    }

    async suggest() {
      this.known = await labels(this.root.dataset.labels);
      this.names.replaceChildren(...Object.keys(this.known).map((name) => make("option", { value: name })));
      this.rows().forEach((row) => this.suggestValues(row));
    }

    suggestValues(row) {
      const [name, , value] = this.fields(row);
      const found = this.known?.[name.value] || [];
      document.getElementById(value.getAttribute("list")).replaceChildren(
        ...found.map((text) => make("option", { value: text })),
      );
    }

    rows() {
      return [...this.list.children];
    }

    fields(row) {
      return [...row.querySelectorAll("input, select")];
    }

    values() {
      return this.rows().map((row) => this.fields(row).map((field) => field.value));
    }

    show(rows) {
      if (JSON.stringify(rows) !== JSON.stringify(this.values())) {
        this.list.replaceChildren(...rows.map((row) => this.row(...row)));
        this.number();
      }
      this.unfinished = false;
    }

    row(name = "", op = "=", value = "") {
      this.made = (this.made || 0) + 1;
      const id = `${this.area.id}-values-${this.made}`;
      const options = this.operators.map(([sign, meaning]) => {
        const option = make("option", { value: sign }, `${sign}  ${meaning}`);
        option.selected = sign === op;
        return option;
      });
      const off = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
      const label = make("input", { ...off, class: "is-mono", list: this.names.id, placeholder: "label", maxlength: "200" });
      const sign = make("select", { class: "is-mono" }, ...options);
      const text = make("input", { ...off, class: "is-mono", list: id, placeholder: "value (empty: absent)" });
      const remove = make("button", { type: "button", class: "ops-button is-remove" }, "×");
      [label.value, text.value] = [name, value];
      const row = make("div", { class: "ops-guided-row" }, label, sign, text, remove, make("datalist", { id }));
      row.addEventListener("input", () => this.later(() => this.readRows(), 150));
      label.addEventListener("change", () => this.suggestValues(row));
      row.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target !== remove) {
          event.preventDefault();
        }
      });
      remove.addEventListener("click", () => this.remove(row));
      return row;
    }

    number() {
      this.rows().forEach((row, index) => {
        const names = ["Label", "Operator", "Value"];
        this.fields(row).forEach((field, at) => field.setAttribute("aria-label", `${names[at]} ${index + 1}`));
        row.querySelector("button").setAttribute("aria-label", `Remove matcher ${index + 1}`);
      });
      this.nothing.hidden = this.rows().length > 0;
    }

    add() {
      const row = this.row();
      this.list.append(row);
      this.number();
      this.fields(row)[0].focus();
    }

    remove(row) {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      this.number();
      (next?.querySelector("input") || this.guided.querySelector("[data-add]")).focus();
      this.later(() => this.readRows(), 0);
    }

    later(work, wait) {
      window.clearTimeout(this.timer);
      this.work = work;
      this.timer = window.setTimeout(() => this.now(), wait);
    }

    /* What waits is done at once; answers to older questions are dropped. */
    now() {
      window.clearTimeout(this.timer);
      const work = this.work;
      this.work = null;
      if (work) {
        this.busy = work().finally(() => { this.busy = null; });
      }
      return this.busy;
    }

    async ask(question) {
      this.asked += 1;
      const mine = this.asked;
      let answer;
      try {
        const response = await fetch(this.root.dataset.url, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
          body: JSON.stringify(question),
        });
        answer = await response.json();
      } catch {
        answer = { complaint: "The portal does not answer; the text is what will be saved." };
      }
      return mine === this.asked ? answer : null;
    }

    async readText() {
      const text = this.area.value;
      const answer = await this.ask({ text });
      if (!answer) {
        return;
      }
      this.guided.disabled = !answer.rows;
      if (answer.rows) {
        this.show(answer.rows.map((row) => [row.name, row.op, row.value]));
      }
      this.complain(answer, text);
    }

    async readRows() {
      const values = this.values();
      const meant = values.map((row, index) => [row, index]).filter(([row]) => row[0] || row[2]);
      const rows = meant.map(([[name, op, value]]) => ({ name, op, value }));
      this.unfinished = true;
      const answer = await this.ask({ rows });
      if (!answer) {
        return;
      }
      const wrong = (answer.wrong || []).map((at) => meant[at][1]);
      this.rows().forEach((row, index) => row.classList.toggle("is-wrong", wrong.includes(index)));
      if (answer.text !== undefined) {
        this.unfinished = false;
        this.area.value = answer.text;
        this.area.dispatchEvent(new Event("change", { bubbles: true }));
      }
      const said = wrong.length ? answer.complaint.replace(/^Row \d+/, `Row ${wrong[0] + 1}`) : answer.complaint;
      this.complain({ complaint: said }, "");
    }

    complain(answer, text) {
      const [code, words] = [this.complaint.querySelector("pre"), this.complaint.querySelector("p")];
      this.complaint.hidden = !answer.complaint;
      code.hidden = !answer.column;
      words.textContent = answer.complaint || "";
      if (answer.column) {
        const lines = text.slice(0, answer.column - 1).split("\n");
        const line = text.split("\n")[lines.length - 1];
        code.textContent = `${line}\n${lines.at(-1).replace(/[^\t]/g, " ")}^`;
      }
      this.area.toggleAttribute("aria-invalid", Boolean(answer.complaint));
    }

    /* Nothing is sent while the rows say other than the text. */
    beforeSubmit(event) {
      if (!this.work && !this.busy && !this.unfinished) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!this.work && !this.busy) {
        this.complaint.scrollIntoView({ block: "center" });
        return;
      }
      const { submitter, target } = event;
      Promise.resolve(this.now()).then(() => target.requestSubmit(submitter));
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-matchers]").forEach((root) => new Editor(root));
  });
})();
