// The search: words and "exact phrases", without regard to accents or capitals. The index names the pages that can match;
// only their texts are loaded, one script a page.
const fields = { query: document.getElementById("query"), status: document.getElementById("status"), results: document.getElementById("results"), more: document.getElementById("more") };
const special = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", þ: "th", ı: "i" };
const foldSign = (sign) => [...sign.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "")].map((s) => special[s] ?? s).join("");
const fold = (text) => foldSign(text.normalize("NFC"));
let docs, words, turn = 0, allowed = 0;
const BUDGET = 150; // KB of packed texts for a query, beside the index; the rest is asked for with a button

window.bookIndex = (list, lines) => {
  docs = list;
  words = lines.split("\n").map((line) => line.split(" "));
};

// The pages that hold a word, or words that begin with it.
function holders(word) {
  const found = new Set();
  for (const [entry, ...where] of words)
    if (entry === word || (word.length > 2 && entry.startsWith(word))) where.forEach((doc) => found.add(+doc));
  return found;
}

// What is asked: each term a regular expression over folded text, and the words it is made of.
function parse(query) {
  const terms = [];
  for (const [, phrase, loose] of query.matchAll(/["“”„«]([^"“”„»]+)["“”»]?|([^\s"“”„«»]+)/g)) {
    const parts = fold(phrase ?? loose).match(/[\p{L}\p{N}]+/gu);
    if (!parts) continue;
    const open = phrase === undefined && parts.at(-1).length > 2;
    terms.push({ parts, find: new RegExp(`(?<![\\p{L}\\p{N}])${parts.join("[^\\p{L}\\p{N}]+")}${open ? "" : "(?![\\p{L}\\p{N}])"}`, "gu") });
  }
  return terms;
}

// Folded text, and for each of its signs the place in the text that it comes from.
function folded(text) {
  let out = "";
  const from = [];
  for (let i = 0; i < text.length; i++) {
    const sign = foldSign(text[i]);
    for (const s of sign) { out += s; from.push(i); }
  }
  from.push(text.length);
  return { out, from };
}

function hits(piece, terms) {
  const { out, from } = folded(`${piece[1]} ¶ ${piece[2]}`);
  const spans = [];
  for (const term of terms) {
    const found = [...out.matchAll(term.find)].map((m) => [from[m.index], from[m.index + m[0].length]]);
    if (!found.length) return null;
    spans.push(...found);
  }
  return spans.sort((a, b) => a[0] - b[0]);
}

function marked(text, spans, start, end) {
  const box = document.createElement("p");
  if (start > 0) box.append("… ");
  let at = start;
  for (const [from, to] of spans) {
    if (from < at || to > end) continue;
    box.append(text.slice(at, from), Object.assign(document.createElement("mark"), { textContent: text.slice(from, to) }));
    at = to;
  }
  box.append(text.slice(at, end), end < text.length ? " …" : "");
  return box;
}

function result({ doc, number, title, piece, spans }) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${new URL(`${doc}.html`, home)}${piece[0] ? `#${piece[0]}` : ""}`;
  link.textContent = piece[1] || title;
  const where = Object.assign(document.createElement("span"), { className: "where", textContent: number ? `${number}\u00a0${title}` : title });
  item.append(link, ...(piece[1] && piece[1] !== title ? [" ", where] : []));
  const shift = piece[1].length + 3, inside = spans.map(([a, b]) => [a - shift, b - shift]).filter(([a]) => a >= 0);
  const first = inside[0]?.[0] ?? 0;
  const start = first < 90 ? 0 : piece[2].indexOf(" ", first - 80) + 1;
  const cut = start + 260, end = cut >= piece[2].length ? piece[2].length : piece[2].lastIndexOf(" ", cut);
  if (piece[2]) item.append(marked(piece[2], inside, start, Math.max(end, inside[0]?.[1] ?? 0)));
  return item;
}

async function search() {
  const mine = ++turn, query = fields.query.value.trim(), terms = parse(query);
  try { history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname); } catch {}
  if (!terms.length) { fields.results.replaceChildren(); fields.status.textContent = ""; fields.more.hidden = true; return; }
  if (!docs) await load("index");
  const sets = terms.flatMap((term) => term.parts.map(holders));
  const holding = docs.map((_, i) => i).filter((i) => sets.every((set) => set.has(i)));
  holding.sort((a, b) => !docs[a][1] - !docs[b][1]); // chapters first
  let size = 0;
  const matching = holding.filter((i) => docs[i][0] in pages || (size += docs[i][3]) <= Math.max(BUDGET, allowed));
  await Promise.all(matching.map((i) => load(docs[i][0])));
  if (mine !== turn) return;
  const left = holding.length - matching.length;
  fields.more.hidden = !left;
  fields.more.textContent = `Look into ${left} more ${left === 1 ? "page" : "pages"}`;
  const found = [];
  for (const i of matching) {
    const [doc, number, title] = docs[i];
    for (const piece of pages[doc] ?? []) {
      const spans = hits(piece, terms);
      if (!spans) continue;
      const inHeading = spans.some(([from]) => from < piece[1].length);
      found.push({ doc, number, title, piece, spans, score: spans.length / Math.sqrt(piece[2].length + 200) + (inHeading ? 2 : 0) + (number ? 0.5 : 0) });
    }
  }
  if (!found.length && left) { allowed = Math.max(BUDGET, allowed) + BUDGET; return search(); } // the words may stand together on a page not yet read
  found.sort((a, b) => b.score - a.score);
  fields.status.textContent = found.length ? `${found.length} ${found.length === 1 ? "place" : "places"}${found.length > 60 ? ", the best 60 shown" : ""}` : "Nothing found. Try fewer words, or the beginning of one.";
  fields.results.replaceChildren(...found.slice(0, 60).map(result));
}

fields.more.addEventListener("click", () => { allowed += 2 * BUDGET; search(); });
let wait;
fields.query.value = new URLSearchParams(location.search).get("q") ?? "";
fields.query.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 200); });
fields.query.form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
fields.query.focus({ preventScroll: true });
if (fields.query.value) search();
