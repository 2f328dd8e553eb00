// Screenshots: node look.mjs FOLDER OUT WIDTHS PAGE...   (WIDTHS such as 390,1440; pages are addresses within the folder)
// Each page is drawn, whole or its first twelve screens, at each width, light and dark, into OUT/<page>-<width>-<light|dark>.png.
import { mkdir } from "node:fs/promises";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const MOST = 15600; // pixels of a page: Chromium draws no more than 16,384, and twelve screens show how it goes on
const [folder, out, widths, ...pages] = process.argv.slice(2);
await mkdir(out, { recursive: true });
const site = await serve(folder, { strict: false });
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--hide-scrollbars"] });
for (const width of widths.split(",").map(Number)) {
  for (const scheme of ["light", "dark"]) {
    const tab = await browser.newPage();
    await tab.setViewport({ width, height: width < 700 ? 844 : 900, isMobile: width < 700 && !pages[0].endsWith(".xhtml"), deviceScaleFactor: 1 });
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
    for (const page of pages) {
      await tab.goto(site.url + page, { waitUntil: "load" });
      await tab.evaluate(async () => {
        document.querySelectorAll("img[loading=lazy]").forEach((image) => (image.loading = "eager"));
        await Promise.all([document.fonts.ready, ...[...document.images].map((image) => image.decode().catch(() => {}))]);
      });
      // A reading system's night mode, which sets colours from outside.
      if (page.endsWith(".xhtml") && scheme === "dark") await tab.addStyleTag({ content: "html { background: #121212; color: #e6e6e6 } a { color: #9ecbff }" });
      if (page.includes("?q=")) await tab.waitForSelector("#results li");
      const name = page.replace(/\.x?html.*$/, "").replaceAll("/", "_");
      const height = Math.min(MOST, await tab.evaluate(() => document.documentElement.scrollHeight));
      await tab.screenshot({ path: `${out}/${name}-${width}-${scheme}.png`, captureBeyondViewport: true, clip: { x: 0, y: 0, width, height } });
    }
    await tab.close();
  }
}
await browser.close();
site.close();
