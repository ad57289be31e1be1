/* Live parts and selection of the portal's own pages. Everything works without it, except by itself. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll("[data-live]")) {
    keepLive(part);
  }
  selection();
  document.addEventListener("keydown", question);
});

/* `/` asks: unless one types, or the page has a search of its own. */
function question(event) {
  const box = document.getElementById("question");
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !box) {
    return;
  }
  if (!document.getElementById("search") && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    box.focus();
    box.select();
  }
}

/* Asks for the part again every few seconds while the tab is seen; 304 means nothing to do. */
function keepLive(part) {
  const every = Number(part.dataset.liveEvery) * 1000;
  let tag = part.dataset.liveTag;
  let failures = 0;

  async function refresh() {
    if (!document.hidden) {
      try {
        const headers = { "X-Part": "live", "If-None-Match": tag };
        const response = await fetch(window.location.href, { headers, cache: "no-store", redirect: "manual" });
        if (response.status === 200) {
          const html = await response.text();
          tag = response.headers.get("ETag") || "";
          swap(part, html);
        }
        failures = response.status === 200 || response.status === 304 ? 0 : failures + 1;
      } catch {
        failures += 1;
      }
      part.classList.toggle("is-stale", failures > 1);
    }
    window.setTimeout(refresh, every * Math.min(1 + failures, 5));
  }
  window.setTimeout(refresh, every);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && part.classList.contains("is-stale")) {
      window.location.reload();
    }
  });
}

/* Puts the new content in; what was picked, opened, focused or scrolled stays so. */
function swap(part, html) {
  if (String(window.getSelection()) && part.contains(window.getSelection().anchorNode)) {
    return;
  }
  if (part.querySelector("[data-busy]")) {
    return;
  }
  const picked = new Set([...part.querySelectorAll("input:checked")].map((box) => box.value));
  const open = new Map([...part.querySelectorAll("details[data-keep]")].map((d) => [d.dataset.keep, d.open]));
  const focused = part.contains(document.activeElement) ? describe(document.activeElement) : "";
  const current = part.querySelector("tr.is-current")?.id;
  const wide = part.querySelector(".ops-table")?.parentElement.scrollLeft;

  part.innerHTML = html;

  for (const box of part.querySelectorAll(PICKED)) {
    box.checked = picked.has(box.value);
  }
  for (const details of part.querySelectorAll("details[data-keep]")) {
    details.open = open.get(details.dataset.keep) ?? details.open;
  }
  if (current) {
    document.getElementById(current)?.classList.add("is-current");
  }
  if (focused) {
    part.querySelector(focused)?.focus({ preventScroll: true });
  }
  if (wide) {
    part.querySelector(".ops-table").parentElement.scrollLeft = wide;
  }
  showCount();
}

/* A selector that finds the same element in the new content. */
function describe(element) {
  const row = element.closest("tr[id]");
  if (row) {
    const name = element.tagName.toLowerCase();
    return `#${CSS.escape(row.id)} ${name}${name === "input" ? "" : `[href="${CSS.escape(element.getAttribute("href") || "")}"]`}`;
  }
  return element.value && element.name
    ? `[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`
    : "";
}

const PICKED = ["alert", "revision"].map((name) => `input[name=${name}][type=checkbox]`).join();
const boxes = () => [...document.querySelectorAll(PICKED)];

function showCount() {
  const label = document.querySelector("[data-selected-count]");
  if (!label) {
    return;
  }
  const count = boxes().filter((box) => box.checked).length;
  label.textContent = count ? `${count} selected` : "none selected";
  label.closest("form").classList.toggle("has-selection", count > 0);
  const all = document.querySelector("[data-select-all]");
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
}

function selection() {
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(PICKED);
    if (box && event.shiftKey && last) {
      const list = boxes();
      const [from, to] = [list.findIndex((b) => b.value === last), list.indexOf(box)].sort((a, b) => a - b);
      list.slice(Math.max(from, 0), to + 1).forEach((b) => { b.checked = box.checked; });
    }
    last = box ? box.value : last;
    for (const menu of document.querySelectorAll("details.ops-menu[open]")) {
      menu.open = menu.contains(event.target);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) {
      boxes().forEach((box) => { box.checked = event.target.checked; });
    }
    showCount();
    if (event.target.matches(".ops-filters select")) {
      event.target.form.requestSubmit();
    }
  });
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
    }
  });
  /* A browser may bring back ticks with its "back" button. */
  window.addEventListener("pageshow", showCount);
}
