// The ePub in a reading system: node reader.mjs BOOK.epub OUT [SECTION ...]
// Opens the book in foliate-js, in Chromium, at the size of a phone, by day and by night; turns to each section named (a part of its address), takes a picture
// into OUT, and opens in place the first note, citation and term found there. Prints { sections, toc, shown: {section: letters}, popups: {kind: text}, errors }.
import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const [book, out, ...wanted] = process.argv.slice(2);
const here = await mkdtemp(join(tmpdir(), "reader-"));
await mkdir(out, { recursive: true });
await cp(join(dirname(fileURLToPath(import.meta.url)), "node_modules/foliate-js"), join(here, "foliate"), { recursive: true });
await cp(book, join(here, "book.epub"));
await writeFile(join(here, "index.html"), `<!DOCTYPE html><meta name="viewport" content="width=device-width"><title>r</title>
<style>html,body{margin:0;height:100%}foliate-view{display:block;width:100vw;height:100vh}</style>
<script type="module">
import "./foliate/view.js";
import { FootnoteHandler } from "./foliate/footnotes.js";
const view = document.createElement("foliate-view");
document.body.append(view);
await view.open(new File([await (await fetch("book.epub")).blob()], "book.epub", { type: "application/epub+zip" }));
window.view = view;
window.handler = new FootnoteHandler();
window.ready = true;
</script>`);

const site = await serve(here, { strict: false });
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const result = { sections: 0, toc: 0, shown: {}, popups: {}, errors: [] };
for (const night of [false, true]) {
  const tab = await browser.newPage();
  tab.on("pageerror", (error) => result.errors.push(error.message));
  await tab.setViewport({ width: 360, height: 640, deviceScaleFactor: 1 });
  await tab.goto(site.url, { waitUntil: "load" });
  await tab.waitForFunction("window.ready");
  for (const name of wanted) {
    const found = await tab.evaluate(async (name, night) => {
      const { view, handler } = window;
      if (night) view.renderer.setStyles?.("html { background: #121212; color: #e6e6e6 } a:any-link { color: #9ecbff }");
      const index = view.book.sections.findIndex((section) => section.id.includes(name));
      await view.goTo(index);
      const { doc } = view.renderer.getContents()[0];
      const popups = {};
      for (const kind of ["noteref", "biblioref", "glossref"]) {
        const a = [...doc.querySelectorAll("a")].find((link) => link.getAttributeNS("http://www.idpf.org/2007/ops", "type") === kind);
        if (!a) continue;
        const href = view.book.sections[index].resolveHref?.(a.getAttribute("href")) ?? a.getAttribute("href");
        const shown = new Promise((done) => handler.addEventListener("render", (event) => done(event.detail.view.renderer.getContents()[0].doc.body.textContent), { once: true }));
        handler.addEventListener("before-render", (event) => document.body.append(event.detail.view), { once: true });
        handler.handle(view.book, { detail: { a, href }, preventDefault() {} });
        popups[kind] = (await Promise.race([shown, new Promise((done) => setTimeout(() => done("nothing opened"), 5000))])).trim();
      }
      return { sections: view.book.sections.length, toc: view.book.toc.length, letters: doc.body.textContent.trim().length, popups };
    }, name, night);
    Object.assign(result, { sections: found.sections, toc: found.toc });
    result.shown[name] = found.letters;
    Object.assign(result.popups, found.popups);
    await new Promise((done) => setTimeout(done, 400));
    await tab.screenshot({ path: join(out, `${name.replaceAll("/", "_")}-${night ? "night" : "day"}.png`) });
  }
  await tab.close();
}
await browser.close();
site.close();
console.log(JSON.stringify(result));
