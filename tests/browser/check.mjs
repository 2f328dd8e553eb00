// Every page of a built site in a real browser: node check.mjs FOLDER  ->  JSON on stdout, { page: [fault, ...] }
// axe with best practices in four settings, console errors, broken CSP, requests to others, sideways scroll, text over text, dead links and anchors.
import { readFile, readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const folder = resolve(process.argv[2]);
const axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const site = await serve(folder);
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const pages = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".html")).sort();
const faults = Object.fromEntries(pages.map((page) => [page, []]));
const links = {}, anchors = {};

// Lines of text that are drawn one over another: axe cannot see it. Boxes of text by block, swept from the top.
function overlaps() {
  const blocks = "p, li, dt, dd, h1, h2, h3, th, td, figcaption, summary, caption, label, pre";
  const rows = [];
  for (const block of document.querySelectorAll(blocks)) {
    if (!block.checkVisibility({ visibilityProperty: true }) || block.closest(":popover-open, .skip-link, svg")) continue;
    for (const node of block.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, right, top, bottom } of range.getClientRects()) if (right - left > 3 && bottom - top > 3) rows.push({ block, left, right, top, bottom });
    }
  }
  rows.sort((a, b) => a.top - b.top);
  const found = new Set();
  rows.forEach((row, at) => {
    for (let next = at + 1; next < rows.length && rows[next].top < row.bottom; next++) {
      const other = rows[next];
      const high = Math.min(row.bottom, other.bottom) - other.top, wide = Math.min(row.right, other.right) - Math.max(row.left, other.left);
      const fixed = [row.block, other.block].some((block) => block.closest("header.site, #contents"));
      if (row.block !== other.block && !fixed && !row.block.contains(other.block) && !other.block.contains(row.block) && high > 0.5 * (other.bottom - other.top) && wide > 3)
        found.add(`“${row.block.textContent.trim().slice(0, 30)}” and “${other.block.textContent.trim().slice(0, 30)}”`);
    }
  });
  return [...found];
}

async function check(page, width, scheme) {
  const say = (text) => faults[page].push(`${width} ${scheme}: ${text}`);
  const tab = await browser.newPage();
  await tab.setViewport({ width, height: 900, isMobile: width < 700, hasTouch: width < 700 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await tab.evaluateOnNewDocument(() => {
    window.broken = [];
    document.addEventListener("securitypolicyviolation", (event) => window.broken.push(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  let requests = 0;
  tab.on("console", (message) => { if (["error", "warn"].includes(message.type())) say(`console: ${message.text()}`); });
  tab.on("pageerror", (error) => say(`script: ${error.message}`));
  tab.on("request", (request) => {
    requests += 1;
    if (!request.url().startsWith(site.url) && !request.url().startsWith("data:")) say(`request to another host: ${request.url()}`);
  });
  const query = page === "search.html" ? "?q=“the+camps”" : "";
  await tab.goto(site.url + page + query, { waitUntil: "networkidle0" });
  if (requests > 15 && !query) say(`${requests} requests`);
  const seen = await tab.evaluate(() => ({
    broken: window.broken,
    wider: document.documentElement.scrollWidth - innerWidth,
    results: document.querySelectorAll("#results li").length,
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    links: [...document.querySelectorAll("a[href]")].map((a) => a.href),
  }));
  seen.broken.forEach(say);
  (await tab.evaluate(overlaps)).slice(0, 3).forEach((pair) => say(`lie over one another: ${pair}`));
  if (seen.wider > 0) say(`${seen.wider} pixels wider than the screen`);
  if (query && !seen.results) say("the search found nothing");
  [anchors[page], links[page]] = [new Set(seen.ids), seen.links];
  const world = await tab.createCDPSession();
  await world.send("Page.setBypassCSP", { enabled: true });
  await world.send("Runtime.evaluate", { expression: axe });
  const found = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, nodes } of found.violations) say(`axe ${id}: ${nodes.length} nodes, ${nodes[0].target.join(" ")} ${nodes[0].failureSummary.replace(/\s+/g, " ")}`);
  await tab.close();
}

const settings = [[390, "light"], [390, "dark"], [1440, "light"], [1440, "dark"]];
const work = pages.flatMap((page) => settings.map(([width, scheme]) => [page, width, scheme]));
await Promise.all([1, 2, 3].map(async () => { while (work.length) await check(...work.shift()); }));
for (const [page, targets] of Object.entries(links)) {
  for (const target of new Set(targets)) {
    if (!target.startsWith(site.url)) continue;
    const [address, anchor] = target.slice(site.url.length).split("#");
    const name = relative(folder, join(folder, decodeURIComponent(address.split("?")[0]) || "index.html"));
    if (name in anchors) { if (anchor && !anchors[name].has(decodeURIComponent(anchor))) faults[page].push(`dead anchor: ${target}`); }
    else if (!/\.(pdf|epub)$/.test(name)) await readFile(join(folder, name)).catch(() => faults[page].push(`dead link: ${target}`));
  }
}
await browser.close();
site.close();
console.log(JSON.stringify(faults, null, 1));
