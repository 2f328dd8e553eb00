// Theme, notes in the margin, previews of notes, works, terms, claims and figures, and the keys of the search.
// Everything works without this file: the menu is a popover, a note stands under its paragraph, a link leads to what it names.
const root = document.documentElement;
const home = new URL(root.dataset.content_root, location);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The theme: automatic, light, dark.
const themes = { auto: "Auto", light: "Light", dark: "Dark" };
function showTheme() {
  const theme = root.dataset.theme;
  const media = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" }[theme];
  all("picture > source").forEach((source) => (source.media = media));
  all("button.theme").forEach((button) => {
    button.hidden = false;
    button.querySelector("span").textContent = themes[theme];
    button.setAttribute("aria-label", `Colours: ${themes[theme]}`);
  });
}
all("button.theme").forEach((button) =>
  button.addEventListener("click", () => {
    const names = Object.keys(themes);
    root.dataset.theme = names[(names.indexOf(root.dataset.theme) + 1) % names.length];
    try { localStorage.setItem("theme", root.dataset.theme); } catch {}
    showTheme();
  }));
showTheme();
// Paper is light: the charts that will be printed are fetched in time, and put back.
addEventListener("beforeprint", () => all("picture > source").forEach((source) => (source.media = "not all")));
addEventListener("afterprint", showTheme);

// The column of contents shows where the reader is.
const column = document.getElementById("contents"), here = column?.querySelector("[aria-current]");
if (here) column.scrollTop = here.offsetTop - column.clientHeight / 3;

// A link in the sheet of contents closes it.
all("#contents a").forEach((link) => link.addEventListener("click", () => link.closest("[popover]").hidePopover?.()));

// Wide tables can be scrolled with the keys.
for (const box of all(".pst-scrollable-table-container")) {
  if (box.scrollWidth <= box.clientWidth) continue;
  box.tabIndex = 0;
  box.role = "group";
  box.ariaLabel = box.querySelector("caption")?.textContent ?? "Table";
}

// Notes stand beside the line that calls them, never over one another.
const wide = matchMedia("(min-width: 1200px)");
function placeNotes() {
  let free = 0;
  for (const note of all("aside.footnote")) {
    const call = document.getElementById(note.querySelector("[role=doc-backlink]")?.hash.slice(1));
    if (!wide.matches || !call) { note.style.top = ""; continue; }
    const origin = note.offsetParent.getBoundingClientRect().top;
    const top = Math.max(call.getBoundingClientRect().top - origin - 4, free);
    note.style.top = `${top}px`;
    note.classList.add("placed");
    free = top + note.offsetHeight + 12;
  }
}
placeNotes();
wide.addEventListener("change", placeNotes);
addEventListener("resize", placeNotes);
addEventListener("load", placeNotes);
document.fonts?.ready.then(placeNotes);
all("details").forEach((details) => details.addEventListener("toggle", placeNotes));

// Previews. What stands on another page comes from that page's texts, a script, so that it works from a file too.
const pages = {};
window.bookTexts = (name, pieces) => (pages[name] = pieces);
function load(name) {
  return name in pages ? Promise.resolve() : new Promise((done) => {
    const script = document.createElement("script");
    script.src = new URL(`_search/${name}.js`, home);
    script.onload = script.onerror = done;
    document.head.append(script);
  });
}
const box = document.createElement("div");
box.id = "preview";
box.popover = "manual";
document.body.append(box);
let shown, timer;

async function content(link) {
  const id = decodeURIComponent(link.hash.slice(1));
  if (link.matches(".footnote-reference")) {
    return [...document.getElementById(id).querySelectorAll(":scope > :not(.label)")].map((part) => {
      const copy = part.cloneNode(true);
      all("[id]", copy).forEach((element) => element.removeAttribute("id"));
      return copy;
    });
  }
  const name = decodeURIComponent(new URL(link.href).pathname.slice(home.pathname.length)).replace(/\.html$/, "");
  await load(name);
  const [, heading, text] = pages[name]?.find((piece) => piece[0] === id) ?? [];
  const short = text?.length > 420 ? text.slice(0, 420).replace(/\s\S*$/, " …") : text;
  return [["heading", heading], ["", short]].filter(([, words]) => words)
    .map(([className, textContent]) => Object.assign(document.createElement("p"), { className, textContent }));
}

async function show(link, touch) {
  if (shown === link || (wide.matches && link.matches(".footnote-reference"))) return;
  hide();
  shown = link;
  const parts = await content(link);
  if (shown !== link || !parts.length) return;
  box.replaceChildren(...parts);
  if (touch) box.append(Object.assign(document.createElement("a"), { href: link.href, textContent: "Go there →" }));
  box.showPopover();
  link.setAttribute("aria-describedby", "preview");
  const at = link.getClientRects()[0], height = box.offsetHeight;
  box.style.left = `${Math.max(8, Math.min(at.left - 12, root.clientWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${at.bottom + height + 16 < innerHeight || at.top < height + 16 ? at.bottom + 6 : at.top - height - 6}px`;
}
function hide() {
  clearTimeout(timer);
  if (!shown) return;
  shown.removeAttribute("aria-describedby");
  shown = null;
  if (box.matches(":popover-open")) box.hidePopover();
}
const later = (action, wait) => { clearTimeout(timer); timer = setTimeout(action, wait); };
box.addEventListener("pointerenter", () => clearTimeout(timer));
box.addEventListener("pointerleave", () => later(hide, 200));
for (const link of all("a.cite, a.footnote-reference, a.number, .bd-article a:has(> .claim-mark), .bd-article a:has(> .std-term)")) {
  let pointer;
  link.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") later(() => show(link), 120); });
  link.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") later(hide, 200); });
  link.addEventListener("focus", () => { if (link.matches(":focus-visible")) show(link); });
  link.addEventListener("blur", () => { if (!box.matches(":hover")) later(hide, 200); });
  link.addEventListener("pointerdown", (event) => (pointer = event.pointerType));
  link.addEventListener("click", (event) => {
    if (pointer === "touch" && shown !== link && !(wide.matches && link.matches(".footnote-reference"))) {
      event.preventDefault();
      show(link, true);
    }
  });
}
addEventListener("pointerdown", (event) => { if (shown && !box.contains(event.target) && !shown.contains(event.target)) hide(); });
addEventListener("scroll", () => { if (shown && !box.matches(":hover")) later(hide, 300); }, { passive: true });

addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
  const typing = event.target.closest("input, textarea, select");
  if ((event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) {
    event.preventDefault();
    const query = document.getElementById("query");
    query ? query.focus() : all("a.to-search")[0].click();
  }
});
