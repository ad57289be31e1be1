/* Dragging over the bars of the timeline zooms into what was chosen. Without it the bars are links. */
"use strict";

(() => {
  /* Less is a click on a bar. */
  const LEAST = 6;
  let brush = null;

  document.addEventListener("pointerdown", (event) => {
    const plot = event.target.closest?.("[data-brush]");
    if (!plot || event.button || !event.isPrimary) {
      return;
    }
    brush = { plot, from: event.clientX, to: event.clientX, id: event.pointerId, box: null };
  });

  document.addEventListener("pointermove", (event) => {
    if (!brush || event.pointerId !== brush.id) {
      return;
    }
    brush.to = event.clientX;
    if (!brush.box && Math.abs(brush.to - brush.from) >= LEAST) {
      brush.box = document.createElement("div");
      brush.box.className = "ops-brush";
      brush.box.append(document.createElement("span"));
      brush.plot.append(brush.box);
      /* What polls leaves the page alone meanwhile. */
      brush.plot.dataset.busy = "";
    }
    if (brush.box) {
      draw();
    }
  });

  document.addEventListener("pointerup", (event) => {
    if (brush && event.pointerId === brush.id && brush.box) {
      const { since, until } = chosen();
      const url = new URL(window.location.href);
      for (const name of ["after", "before"]) {
        url.searchParams.delete(name);
      }
      url.searchParams.set("since", text(since));
      url.searchParams.set("until", text(until));
      /* The click that follows is not one on a bar. */
      window.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
      window.setTimeout(() => window.location.assign(url), 0);
    }
    end(false);
  });

  document.addEventListener("pointercancel", () => end(true));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      end(true);
    }
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("[data-brush]")) {
      event.preventDefault();
    }
  });
  window.addEventListener("pageshow", () => end(true));

  /* The ends of the interval in seconds, at the edges of bars. */
  function chosen() {
    const box = brush.plot.getBoundingClientRect();
    const [first, last, step] = ["since", "until", "step"].map((name) => Number(brush.plot.dataset[name]));
    const at = (x) => first + Math.min(Math.max((x - box.left) / box.width, 0), 1) * (last - first);
    const [from, to] = [at(brush.from), at(brush.to)].sort((a, b) => a - b);
    return { since: Math.max(Math.floor(from / step) * step, first), until: Math.min(Math.ceil(to / step) * step, last) };
  }

  function draw() {
    const [first, last] = [Number(brush.plot.dataset.since), Number(brush.plot.dataset.until)];
    const { since, until } = chosen();
    brush.box.style.left = `${((since - first) / (last - first)) * 100}%`;
    brush.box.style.width = `${((until - since) / (last - first)) * 100}%`;
    brush.box.firstChild.textContent = `${text(since).slice(11, 16)} – ${text(until).slice(11, 16)}`;
  }

  function end(gone) {
    if (gone && brush?.box) {
      brush.box.remove();
      delete brush.plot.dataset.busy;
    }
    if (gone || !brush?.box) {
      document.querySelector(".ops-brush")?.remove();
    }
    brush = null;
  }

  const text = (seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
})();
