// The workbench asks again on every change and swaps what the answer changes. Without this script the same form
// works by its buttons.
"use strict";

document.documentElement.classList.add("js");

const found = (id) => document.getElementById(id);
const form = found("case");
const status = found("said");

let latest = null; // the request under way: an older answer never overwrites a newer one
let waiting = 0;

async function ask(button) {
  clearTimeout(waiting);
  latest?.abort();
  const mine = (latest = new AbortController());
  const fields = new URLSearchParams(new FormData(form, button));
  try {
    const answer = await fetch("/", { method: "POST", body: fields, signal: mine.signal });
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine === latest) show(told, button);
  } catch (error) {
    if (error.name !== "AbortError") status.textContent = `Not asked: ${error.message}`;
  }
}

function askSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, 120);
}

// Swap the parts that an answer may change; open details stay open, and the keyboard stays where it was.
function show(told, button) {
  const opened = new Set([...form.querySelectorAll("details[open] > summary")].map(nameOf));
  const held = document.activeElement?.id;
  if (["try", "clear", "ask"].includes(button?.name)) swap("patient-part", told); // these change its controls too
  for (const part of document.querySelectorAll("[data-live]")) swap(part.id, told);
  for (const details of form.querySelectorAll("details")) {
    if (opened.has(nameOf(details.querySelector("summary")))) details.open = true;
  }
  const next = button ? (button.name === "take" ? "ehr-title" : "decision-title") : held;
  // What a button brings may stand above what it was pressed on: go there. A control stays where it is.
  if (next && document.activeElement?.id !== next) found(next)?.focus({ preventScroll: !button });
  status.textContent = told.getElementById("said").textContent;
  const link = document.querySelector(".case-link");
  if (link) history.replaceState(null, "", link.getAttribute("href"));
}

function swap(id, told) {
  const fresh = told.getElementById(id);
  const stale = found(id);
  if (fresh && stale) stale.replaceWith(document.adoptNode(fresh));
}

function nameOf(summary) {
  return summary.firstChild.textContent.trim();
}

function measure(from, to) {
  found(to).value = from.value;
  found("lesion").setAttribute("r", Math.min(Number(from.value) || 0, 20) / 2);
  form.elements.unmeasured.checked = false;
}

form.addEventListener("input", (event) => {
  if (event.target.id === "ruler") measure(event.target, "size");
  else if (event.target.id === "size") measure(event.target, "ruler");
  else return;
  askSoon();
});

form.addEventListener("change", (event) => {
  if (event.target.id === "patient") location.assign(`/?patient=${encodeURIComponent(event.target.value)}`);
  else if (!["ruler", "size", "request"].includes(event.target.id)) ask(); // a request has its own button
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(event.submitter);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(found(button.dataset.copy).textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied: the browser does not allow it";
  }
  setTimeout(() => (button.textContent = "Copy"), 1600);
});
