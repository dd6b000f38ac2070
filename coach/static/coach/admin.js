"use strict";
// Comfort only: every page works without it.

// "/" goes to the search box, unless something is being typed.
document.addEventListener("keydown", (event) => {
  const box = document.getElementById("find");
  if (event.key !== "/" || !box || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// The icons that Django's own script makes have a name but no role, so that no screen reader says it.
window.addEventListener("load", () => {
  for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
});
