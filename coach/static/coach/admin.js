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

// The first faulty field of a form that came back.
window.addEventListener("load", () => document.querySelector('[aria-invalid="true"]')?.focus());

// A file that is too large is refused before it is sent.
for (const input of document.querySelectorAll("input[type=file][data-most]")) {
  input.addEventListener("change", () => {
    const tooLarge = input.files.length > 0 && input.files[0].size > Number(input.dataset.most);
    input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
    input.reportValidity();
  });
}

// What is marked for it gets a button that copies it: a long id, a token, a text.
for (const source of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${source.dataset.copy || source.getAttribute("aria-label") || "this"}`.slice(0, 80));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.dataset.copy || source.value || source.textContent);
    button.textContent = "Copied";
    button.removeAttribute("aria-label");
  });
  source.after(" ", button);
}

// The page of a run at work is looked at again every second. What is being read aloud or has the focus stays as it is
// until the run is over: only the facts and the numbers are exchanged.
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
    const facts = document.querySelector(".facts");
    if (!facts.contains(document.activeElement)) facts.replaceWith(page.querySelector(".facts"));
  }
  setTimeout(look, 1000);
}
if (document.querySelector("[data-live]")) setTimeout(look, 1000);

// On a phone a table's rows stand as blocks, where each cell needs the name of its column.
for (const table of document.querySelectorAll("#result_list, .card table, #change-history")) {
  const names = [...table.querySelectorAll("thead th")].map((head) => head.innerText.trim());
  for (const row of table.querySelectorAll("tbody tr"))
    [...row.cells].forEach((cell, place) => { if (names[place]) cell.dataset.label = names[place]; });
}

// A long page gets links to its parts, and to its end.
window.addEventListener("load", () => {
  const content = document.getElementById("content");
  if (!content || document.scrollingElement.scrollHeight < 3000) return;
  const jumps = document.createElement("nav");
  jumps.className = "jumps";
  jumps.setAttribute("aria-label", "On this page");
  for (const part of [...content.querySelectorAll(".card > h2"), document.getElementById("footer")]) {
    part.id ||= `part-${jumps.childElementCount}`;
    const link = document.createElement("a");
    link.href = `#${part.id}`;
    link.textContent = part.id === "footer" ? "End" : part.firstChild.textContent.trim();
    jumps.append(link);
  }
  content.prepend(jumps);
});

// On paper nothing is folded.
const folded = new Set();
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    folded.add(part);
    part.open = true;
  }
});
window.addEventListener("afterprint", () => {
  for (const part of folded) part.open = false;
  folded.clear();
});
