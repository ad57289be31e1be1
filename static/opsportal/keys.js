/* Keys of the console and of an alert's page. Each presses what the page has a button for. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.addEventListener("keydown", onKey);
  for (const button of document.querySelectorAll("[data-help]")) {
    button.addEventListener("click", help);
  }
  document.addEventListener("submit", (event) => {
    /* What a key selected for a deed that was then called off is not selected any more. */
    if (event.defaultPrevented && picked) {
      unpick();
    }
    picked = null;
  });
});

let picked = null;
let going = 0;

const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
const current = () => document.querySelector("tr.is-current");
const menu = () => document.querySelector("details.ops-menu[data-key=s]");
const ticks = () => [...document.querySelectorAll("input[name=alert][type=checkbox]")];

function onKey(event) {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape")) {
    return;
  }
  if (document.getElementById("keys")?.open && event.key !== "?") {
    return;
  }
  const went = Date.now() - going < 1500;
  going = 0;
  const deed = went ? () => go(event.key) : choice(event.key) || DEEDS[event.key];
  if (deed && deed(event, typing)) {
    event.preventDefault();
  }
}

const DEEDS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => { const box = current()?.querySelector("input"); box?.click(); return box; },
  a: () => press("a"),
  r: () => press("r"),
  s: snooze,
  o: open,
  Enter: (event) => event.target === document.body && open(),
  "/": () => { const box = document.getElementById("search"); box?.focus(); box?.select(); return box; },
  "?": help,
  g: () => { going = Date.now(); return true; },
  Escape: escape,
};

function move(step) {
  const list = rows();
  if (!list.length) {
    return false;
  }
  const now = list.indexOf(current());
  const next = list[now < 0 ? 0 : Math.min(Math.max(now + step, 0), list.length - 1)];
  current()?.classList.remove("is-current");
  next.classList.add("is-current");
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function open() {
  const link = current()?.querySelector(".c-main a");
  link?.click();
  return link;
}

/* In a list: what is selected, or else the current row. */
function choose() {
  if (!ticks().length || ticks().some((box) => box.checked)) {
    return true;
  }
  picked = current()?.querySelector("input[name=alert]") || null;
  picked?.click();
  return picked;
}

function unpick() {
  if (picked?.checked) {
    picked.click();
  }
  picked = null;
}

function press(key) {
  const button = document.querySelector(`button[data-key="${key}"]`);
  if (!button || !choose()) {
    return false;
  }
  button.click();
  return true;
}

function snooze() {
  if (!menu() || !choose()) {
    return false;
  }
  menu().open = true;
  menu().querySelector("button").focus();
  return true;
}

/* A number chooses in the open menu. */
function choice(key) {
  if (!menu()?.open || !/^[1-9]$/.test(key)) {
    return null;
  }
  const button = menu().querySelectorAll(".ops-choices button")[Number(key) - 1];
  return button && (() => { button.click(); return true; });
}

function go(key) {
  const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return link;
}

function help() {
  const dialog = document.getElementById("keys");
  if (dialog?.open) {
    dialog.close();
  } else {
    dialog?.showModal();
  }
  return dialog;
}

function escape(event, typing) {
  const opened = document.querySelector("details.ops-menu[open]");
  if (opened) {
    opened.open = false;
    opened.querySelector("summary").focus();
    unpick();
  } else if (typing) {
    typing.blur();
  } else {
    ticks().filter((box) => box.checked).forEach((box) => box.click());
    document.activeElement?.blur?.();
  }
  return opened || typing;
}
