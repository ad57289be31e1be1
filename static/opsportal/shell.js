/* Lets the theme run on Alpine's CSP build, which knows no globals, arrow functions or statements:
   what its attributes cannot say there is said here, before Alpine reads them. */
"use strict";

document.addEventListener("alpine:init", () => {
  const remembered = "sidebarDesktopOpen";
  const firstTab = (document.body.getAttribute("x-data") || "").match(/activeTab:\s*'([^']*)'/);

  Alpine.data("theme", (chosen) => window.theme(chosen || "auto"));
  Alpine.data("searchDropdown", () => window.searchDropdown());
  Alpine.data("searchForm", () => window.searchForm());
  Alpine.data("searchCommand", () => ({
    ...window.searchCommand(),
    enter(event, history) {
      if (!event.metaKey && !event.ctrlKey && this.items && this.currentIndex > 0) {
        this.selectItem(history, false);
      }
    },
  }));
  Alpine.data("portalShell", () => ({
    activeTab: (window.getCurrentTab && window.getCurrentTab()) || (firstTab ? firstTab[1] : ""),
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(remembered) !== "0",
    get formAction() {
      const here = window.location.pathname + window.location.search;
      return this.activeTab && this.activeTab !== "general" ? `${here}#${this.activeTab}` : here;
    },
    init() {
      this.$watch("sidebarDesktopOpen", (open) => localStorage.setItem(remembered, open ? "1" : "0"));
    },
  }));

  document.body.setAttribute("x-data", "portalShell");
  document.body.removeAttribute("x-init");
  rewrite("x-on:click", /localStorage/, "sidebarDesktopOpen = !sidebarDesktopOpen");
  rewrite("x-bind:action", /window/, "formAction");
  rewrite("x-on:keydown.enter.prevent", /^if /, (old) => `enter($event, ${/selectItem\(true/.test(old)})`);
  rewrite("x-on:keydown.escape.prevent", /; if /, "openSearchResults = false");
});

function rewrite(attribute, pattern, replacement) {
  for (const element of document.querySelectorAll(`[${CSS.escape(attribute)}]`)) {
    const old = element.getAttribute(attribute);
    if (pattern.test(old)) {
      element.setAttribute(attribute, typeof replacement === "function" ? replacement(old) : replacement);
    }
  }
}

/* htmx may neither evaluate texts nor add style elements. */
if (window.htmx) {
  htmx.config.allowEval = false;
}
