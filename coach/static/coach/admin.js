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

// The page of a run at work is looked at again every second. What is being read aloud or has the focus stays as it is
// until the run is over: only the numbers are exchanged.
async function look() {
  let page;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.ok) page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    // The server is away for a moment.
  }
  const [old, now] = [document, page].map((where) => where?.querySelector("[data-live]"));
  if (page && !now) return location.reload();
  if (now) {
    for (const part of ["h2", "progress", "[role=status]"]) old.querySelector(part).replaceWith(now.querySelector(part));
  }
  setTimeout(look, 1000);
}
if (document.querySelector("[data-live]")) setTimeout(look, 1000);
