// Looks at the page that `analyze = true` makes, in a real browser: that every module of every chunk is shown, that the
// keyboard is enough, that nothing is loaded, and that it can be read in light and dark.
//
//   node analysis.mjs file:///…/index.html [--chromium PATH] [--screenshots FOLDER]
//
// The page's own `modules.json` lies beside it. Prints one line of JSON that says what it saw; exit codes as shop.mjs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "./visit.mjs";

process.exitCode = await main("analysis.mjs", visit);

async function visit(page, url, folder) {
  const { chunks } = JSON.parse(readFileSync(new URL("modules.json", url), "utf8"));
  const complaints = watch(page, url);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(url);
  const modules = chunks.flatMap((chunk) => chunk.modules.map((module) => ({ ...module, chunk: chunk.name })));
  await showsEveryModule(page, modules, chunks);
  await page.screenshot({ path: join(folder, "light.png") });
  await isReadable(page);
  await keyboardIsEnough(page, chunks);
  await finds(page, modules[0].id);
  await page.emulateMedia({ colorScheme: "dark" });
  await isReadable(page);
  await page.screenshot({ path: join(folder, "dark.png") });
  assert.deepEqual(complaints, [], "the page complained, or loaded something");
  return { ok: true, chunks: chunks.length, modules: modules.length };
}

function watch(page, url) {
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => request.url() !== url && complaints.push(`loaded ${request.url()}`));
  return complaints;
}

async function showsEveryModule(page, modules, chunks) {
  const sorted = (ids) => [...ids].sort();
  const tiles = await page.locator("#map .module").evaluateAll((tiles) =>
    tiles.map((tile) => ({ id: tile.dataset.id, area: tile.offsetWidth * tile.offsetHeight })),
  );
  const large = modules.filter((module) => module.bytes > 0);
  assert.ok(large.length > 0, "there is something to show");
  assert.deepEqual(sorted(tiles.map((tile) => tile.id)), sorted(large.map((module) => module.id)), "tiles of the map");
  assert.ok(tiles.every((tile) => tile.area > 0), "each tile can be seen");
  const largest = large.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const widest = tiles.reduce((a, b) => (b.area > a.area ? b : a));
  assert.equal(widest.id, largest.id, "the largest module has the largest tile");
  const rows = await page.locator("tr[data-id]").evaluateAll((rows) => rows.map((row) => row.dataset.id));
  assert.deepEqual(sorted(rows), sorted(modules.map((module) => module.id)), "rows of the tables");
  assert.equal(await page.locator("#map .chunk").count(), chunks.filter((chunk) => chunk.modules.some((m) => m.bytes > 0)).length);
}

/** Text on the page and on tiles stands out from its ground as WCAG asks for (4.5 : 1). */
async function isReadable(page) {
  const worst = await page.evaluate(() => {
    const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const light = (color) => {
      const [r, g, b] = color.match(/[\d.]+/g).map((part) => channel(Number(part) / 255));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const against = (element, ground) => {
      const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(ground).backgroundColor)];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const tiles = [...document.querySelectorAll("#map button")].map((tile) => against(tile, tile));
    const texts = [...document.querySelectorAll("h1, p, summary, td, output")].map((text) => against(text, document.body));
    return Math.min(...tiles, ...texts);
  });
  assert.ok(worst >= 4.5, `a contrast of ${worst}`);
}

async function keyboardIsEnough(page, chunks) {
  await page.locator("#find").focus();
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  const head = await focused();
  assert.match(head, /^Chunk /, "Tab reaches the map");
  assert.equal(await page.locator("#said").innerText(), head, "what has the focus is said");
  await page.keyboard.press("ArrowDown");
  const below = await focused();
  assert.notEqual(below, head, "an arrow moves on");
  assert.equal(await page.locator("#map button[tabindex='0']").count(), 1, "the map is one stop of Tab");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#map .chunk").count(), 1, "Enter looks into the chunk");
  await page.keyboard.press("End");
  assert.match(await focused(), / of chunk /);
  await page.keyboard.press("Escape");
  const drawn = chunks.filter((chunk) => chunk.modules.some((module) => module.bytes > 0)).length;
  assert.equal(await page.locator("#map .chunk").count(), drawn, "Escape comes back");
  assert.match(await focused(), /^Chunk /);
}

async function finds(page, id) {
  await page.locator("#find").fill(id.toUpperCase());
  await page.locator("#found").getByText(/^[1-9]\d* found$/).waitFor();
  const row = page.locator(`tr[data-id=${JSON.stringify(id)}]`).first();
  await row.waitFor({ state: "visible" });
  await page.locator("#find").fill("no module has this name");
  await page.locator("#found").getByText("0 found", { exact: true }).waitFor();
  await page.locator("#find").fill("");
}
