// What a reader does: node use.mjs FOLDER CHAPTER QUERY...  ->  JSON, the names of what failed.
// Keys, touch, menu and theme on a chapter; the search and the previews over http and from files; the menu and the notes without script.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const [folder, chapter, ...queries] = process.argv.slice(2);
const site = await serve(folder);
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const failed = [];
const must = (truth, what) => { if (!truth) failed.push(what); };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const open = (tab, selector) => tab.$eval(selector, (element) => element.matches(":popover-open"));
const phone = { width: 390, height: 844, isMobile: true, hasTouch: true };

async function visit(address, { viewport = { width: 1440, height: 900 }, script = true } = {}) {
  const tab = await browser.newPage();
  await tab.setViewport(viewport);
  await tab.setJavaScriptEnabled(script);
  await tab.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  await tab.goto(address, { waitUntil: "load" });
  return tab;
}

for (const [how, home] of [["http", site.url], ["file", pathToFileURL(resolve(folder)) + "/"]]) {
  let tab = await visit(home + chapter);
  await tab.keyboard.press("Tab");
  must(await tab.evaluate(() => document.activeElement.closest(".skip-link")), `${how}: the first Tab reaches the skip link`);
  await tab.$eval("a.cite", (link) => { link.scrollIntoView({ block: "center" }); link.focus({ focusVisible: true }); });
  await tab.waitForSelector("#preview:popover-open", { timeout: 3000 }).catch(() => failed.push(`${how}: focus on a citation shows the work`));
  await tab.keyboard.press("Escape");
  must(!(await open(tab, "#preview")), `${how}: Escape closes the preview`);
  await tab.$eval("a.cite", (link) => link.blur());
  const line = await tab.$eval("a.cite", (link) => { const { left, top, height } = link.getClientRects()[0]; return { left, top, height }; });
  await tab.mouse.move(line.left + 5, line.top + line.height / 2);
  await tab.waitForSelector("#preview:popover-open", { timeout: 3000 }).catch(() => failed.push(`${how}: the mouse on a citation shows the work`));
  await tab.click("button.theme"); await tab.click("button.theme");
  must((await tab.evaluate(() => getComputedStyle(document.body).backgroundColor)) === "rgb(22, 24, 27)", `${how}: the switch makes the page dark`);
  await tab.keyboard.press("/");
  await tab.waitForSelector("#query", { timeout: 3000 }).catch(() => failed.push(`${how}: / opens the search`));
  await tab.close();
  for (const query of queries) {
    tab = await visit(`${home}search.html?q=${encodeURIComponent(query)}`);
    await tab.waitForSelector("#results li", { timeout: 5000 }).catch(() => failed.push(`${how}: the search finds ${query}`));
    must(await tab.$("#results mark"), `${how}: results for ${query} show the words in their place`);
    await tab.close();
  }
}

let tab = await visit(site.url + chapter, { viewport: phone });
await tab.$eval("a.cite", (link) => link.scrollIntoView({ block: "center" }));
await tab.tap("a.cite");
await tab.waitForSelector("#preview:popover-open a", { timeout: 3000 }).catch(() => failed.push("touch: a tap on a citation shows the work and a way there"));
must(tab.url() === site.url + chapter, "touch: the first tap stays on the page");
await tab.close();
for (const script of [true, false]) {
  tab = await visit(site.url + chapter, { viewport: phone, script });
  const name = script ? "phone" : "phone without script";
  const box = await (await tab.$(".open-contents")).boundingBox();
  must(box.height >= 44 && box.y > 600, `${name}: the menu is as large as a thumb and within its reach`);
  await tab.tap(".open-contents");
  await pause(150);
  const links = await tab.$$("#contents a");
  must((await Promise.all(links.map((link) => link.isVisible()))).every(Boolean), `${name}: the menu shows the contents`);
  await tab.keyboard.press("Escape");
  await pause(150);
  must(!(await links[0].isVisible()), `${name}: Escape closes the menu`);
  for (const note of await tab.$$("aside.footnote")) must(await note.isVisible(), `${name}: every note can be read`);
  await tab.close();
}
// With the keys alone, from the first page to a chapter, a finding, a work and back; with a phone's keyboard to another page by the menu.
const press = async (tab, key, until, most = 400) => {
  for (let times = 0; times < most; times++) {
    await tab.keyboard.press(key);
    if (await tab.evaluate(until)) return true;
  }
  return false;
};
const enter = async (tab) => { await Promise.all([tab.waitForNavigation({ waitUntil: "load", timeout: 8000 }).catch(() => {}), tab.keyboard.press("Enter")]); };
tab = await visit(site.url);
must(await press(tab, "Tab", () => document.activeElement.matches(".start .button")), "keys: Tab reaches the way into the book");
await enter(tab);
must(/\/\d\d-/.test(tab.url()), "keys: Enter opens the first chapter");
must(await press(tab, "Tab", () => document.activeElement.matches("a:has(> .claim-mark)")), "keys: Tab reaches the mark of a claim");
await enter(tab);
must(/\/claims\//.test(tab.url()) && (await tab.evaluate(() => document.querySelector(":target")?.matches(".claim"))), "keys: Enter leads to its finding");
must(await press(tab, "Tab", () => document.activeElement.matches(".claim a.cite")), "keys: Tab reaches a work that it cites");
await enter(tab);
must(await tab.evaluate(() => document.querySelector(":target")?.matches(".bib-entry")), "keys: Enter leads to the work");
must(await press(tab, "Tab", () => document.activeElement.matches(".cited-in a")), "keys: Tab reaches the way back");
await enter(tab);
must(await tab.evaluate(() => document.querySelector(":target")?.closest(".citation")), "keys: Enter leads back to a citation");
await tab.close();
tab = await visit(site.url + chapter, { viewport: phone });
must(await press(tab, "Tab", () => document.activeElement.matches(".open-contents"), 20), "keys on a phone: Tab reaches the menu");
await tab.keyboard.press("Enter");
must(await press(tab, "Tab", () => document.activeElement.matches("#contents a:not([aria-current])") && document.activeElement.checkVisibility(), 40), "keys on a phone: Tab goes into the menu");
await enter(tab);
must(tab.url() !== site.url + chapter, "keys on a phone: Enter opens the page chosen");
await tab.close();

// Without script, by the mouse: the same way.
tab = await visit(site.url, { script: false });
for (const [selector, what, arrived] of [
  [".start .button", "the first chapter", /\/\d\d-/], [".bd-article a:has(> .claim-mark)", "a finding", /\/claims\//], [":target a.cite", "a work", /bibliography/], [":target .cited-in a", "back to a citation", /#cited-/], ["a[rel=next]", "the next page", /\.html$/],
]) {
  const link = await tab.$(selector);
  if (!link) { failed.push(`without script: no way to ${what}`); break; }
  await link.evaluate((element) => element.scrollIntoView({ block: "center" })).catch(() => {});
  await Promise.all([tab.waitForNavigation({ waitUntil: "load", timeout: 8000 }).catch(() => {}), link.click()]);
  must(arrived.test(tab.url()), `without script: a click leads to ${what}`);
}
await tab.close();
await browser.close();
site.close();
console.log(JSON.stringify(failed));
