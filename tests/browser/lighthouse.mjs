// Lighthouse 12 on one page, as on a slow phone: node lighthouse.mjs FOLDER PAGE  ->  JSON of scores, LCP and CLS (the median of three runs by LCP).
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const [folder, page] = process.argv.slice(2);
const site = await serve(folder);
const runs = [];
for (let run = 0; run < 3; run++) {
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const { lhr } = await lighthouse(site.url + page, { port: new URL(browser.wsEndpoint()).port, logLevel: "silent" });
  const scores = Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]));
  const failed = Object.values(lhr.audits).filter(({ score, scoreDisplayMode }) => score !== null && score < 0.9 && scoreDisplayMode !== "informative");
  runs.push({ scores, lcp: lhr.audits["largest-contentful-paint"].numericValue / 1000, cls: lhr.audits["cumulative-layout-shift"].numericValue, failed: failed.map(({ id }) => id) });
  await browser.close();
}
site.close();
console.log(JSON.stringify(runs.sort((a, b) => a.lcp - b.lcp)[1]));
