// The little that pages do beyond HTML: theme, `/` for search, copying, following a log.
(function () {
  "use strict";
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];

  function stored() {
    try {
      const theme = localStorage.getItem("theme");
      return themes.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // storage switched off
    }
  }

  function apply(theme) {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.setAttribute("aria-label", `Theme: ${theme}`);
      button.title = `Theme: ${theme}`;
      button.textContent = { auto: "◐", light: "○", dark: "●" }[theme];
    }
  }

  // Before the body is there, so that no page flashes in the other theme.
  root.dataset.theme = stored();

  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    follow();
  });

  function follow() {
    const log = document.querySelector("[data-follow]");
    if (log) log.scrollTop = log.scrollHeight;
  }

  document.addEventListener("click", async (event) => {
    const theme = event.target.closest("[data-theme-switch]");
    if (theme) {
      const next = themes[(themes.indexOf(stored()) + 1) % themes.length];
      try {
        localStorage.setItem("theme", next);
      } catch {
        // the choice then lasts for this page
      }
      apply(next);
      return;
    }
    const copy = event.target.closest("[data-copy]");
    if (!copy) return;
    const from = document.getElementById(copy.dataset.copy);
    try {
      await navigator.clipboard.writeText(copy.dataset.text || from.textContent.trim());
      const said = copy.textContent;
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = said), 1200);
    } catch {
      if (from) getSelection().selectAllChildren(from);
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.getElementById("search");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  // A log that was read at its end stays there while it grows.
  let atEnd = true;
  document.addEventListener("htmx:beforeSwap", () => {
    const log = document.querySelector("[data-follow]");
    atEnd = !log || log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (atEnd) follow();
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  });
})();
