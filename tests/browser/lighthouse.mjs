// Lighthouse 12 on one page, as on a slow phone: node lighthouse.mjs FOLDER PAGE [loose]  ->  JSON of scores, LCP in seconds, CLS,
// requests and KB sent (the median of three runs by LCP); "loose" serves without the site's policy, for sites that break it.
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";
import { serve } from "./server.mjs";

const [folder, page, policy] = process.argv.slice(2);
const site = await serve(folder, { strict: policy !== "loose" });
const runs = [];
for (let run = 0; run < 3; run++) {
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const { lhr } = await lighthouse(site.url + page, { port: new URL(browser.wsEndpoint()).port, logLevel: "silent" });
  const scores = Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]));
  const failed = Object.values(lhr.audits).filter(({ score, scoreDisplayMode }) => score !== null && score < 0.9 && scoreDisplayMode !== "informative");
  const sent = lhr.audits["network-requests"].details.items;
  runs.push({ scores, requests: sent.length, weight: sent.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000, lcp: lhr.audits["largest-contentful-paint"].numericValue / 1000, cls: lhr.audits["cumulative-layout-shift"].numericValue, failed: failed.map(({ id }) => id) });
  await browser.close();
}
site.close();
console.log(JSON.stringify(runs.sort((a, b) => a.lcp - b.lcp)[1]));
