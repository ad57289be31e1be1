/* A rule's action shows only the fields that belong to its kind. */
"use strict";

(() => {
  const fitting = { notify: ["channel"], suppress: ["value"], set: ["field", "value"] };

  function fit(select) {
    const row = select.closest("tr");
    const shown = fitting[select.value] || [];
    for (const name of ["channel", "field", "value"]) {
      const cell = row?.querySelector(`td.field-${name}`);
      if (cell) {
        cell.style.visibility = shown.includes(name) ? "" : "hidden";
      }
    }
  }
  const all = () => document.querySelectorAll("select[name^='actions-'][name$='-kind']").forEach(fit);

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[name^='actions-'][name$='-kind']")) {
      fit(event.target);
    }
  });
  document.addEventListener("formset:added", all);
  window.addEventListener("load", all);
})();
