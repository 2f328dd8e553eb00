// What Wikipedia's reference parser finds in pages of the site. Usage: node metadata.mjs FOLDER PAGE...; prints { page: { highwirePress, jsonLd } }.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadFromString } from "html-metadata";

const [folder, ...pages] = process.argv.slice(2);
const found = {};
for (const page of pages) {
  const { highwirePress, jsonLd } = await loadFromString(await readFile(join(folder, page), "utf8"));
  found[page] = { highwirePress, jsonLd };
}
console.log(JSON.stringify(found));
