/* Rules are put in order by dragging (mouse, pen, finger), by arrow keys or by buttons; one press saves it. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("[data-order]");
  const list = root?.querySelector("[data-rules]");
  if (!list) {
    return;
  }
  const bar = root.querySelector("[data-order-bar]");
  const said = root.querySelector("[data-order-said]");
  const field = root.querySelector("[data-order-ids]");
  const rows = () => [...list.children];
  const order = () => rows().map((row) => row.dataset.rule).join(",");
  const seen = root.querySelector("[name=seen]").value;
  const start = rows();

  function changed(row) {
    field.value = order();
    bar.hidden = field.value === seen;
    if (row) {
      said.textContent = `“${row.dataset.name}” is number ${rows().indexOf(row) + 1} of ${rows().length}. Not saved yet.`;
    }
    rows().forEach((other) => other.classList.toggle("is-moved", start.indexOf(other) !== rows().indexOf(other)));
  }

  /* The others make way: a row that is taken out of the page loses pointer and focus. */
  function pass(row, other, below) {
    let passed = null;
    while (passed !== other) {
      passed = below ? row.nextElementSibling : row.previousElementSibling;
      if (below) {
        row.before(passed);
      } else {
        row.after(passed);
      }
    }
  }

  function step(row, by) {
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (other) {
      pass(row, other, by > 0);
      changed(row);
      row.scrollIntoView({ block: "nearest" });
    }
  }

  /* The row follows the pointer; near an edge of the window the list scrolls along. */
  function drag(handle, row) {
    let before = [];
    let scroller = null;
    let at = 0;

    function place() {
      const other = rows().find((each) => {
        const box = each.getBoundingClientRect();
        return each !== row && at >= box.top && at <= box.bottom;
      });
      if (other) {
        const box = other.getBoundingClientRect();
        const below = rows().indexOf(other) > rows().indexOf(row);
        const middle = box.top + box.height / 2;
        if (below ? at > middle : at < middle) {
          pass(row, other, below);
        }
      }
      const edge = 60;
      const by = at < edge ? -12 : at > window.innerHeight - edge ? 12 : 0;
      if (by) {
        window.scrollBy(0, by);
      }
    }
    function end(event) {
      if (!row.classList.contains("is-dragged")) {
        return;
      }
      window.clearInterval(scroller);
      row.classList.remove("is-dragged");
      if (event.type === "keydown" || event.type === "pointercancel") {
        const own = before.indexOf(row);
        before.forEach((other, index) => other !== row && (index < own ? row.before(other) : list.append(other)));
      }
      changed(row);
    }
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) {
        return;
      }
      event.preventDefault();
      handle.focus();
      before = rows();
      at = event.clientY;
      handle.setPointerCapture(event.pointerId);
      row.classList.add("is-dragged");
      scroller = window.setInterval(place, 30);
    });
    handle.addEventListener("pointermove", (event) => {
      if (row.classList.contains("is-dragged")) {
        at = event.clientY;
        place();
      }
    });
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (event.key === "Escape") {
        end(event);
      } else if (by) {
        event.preventDefault();
        step(row, by);
        handle.focus();
      }
    });
  }

  for (const row of rows()) {
    const handle = row.querySelector("[data-handle]");
    if (!handle) {
      continue;
    }
    handle.hidden = false;
    drag(handle, row);
    for (const button of row.querySelectorAll("[data-step]")) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        step(row, Number(button.dataset.step));
        button.focus();
      });
    }
  }
  bar.querySelector("[data-order-undo]").addEventListener("click", () => {
    list.replaceChildren(...start);
    changed();
  });
});
