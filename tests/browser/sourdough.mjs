// Bakes with the built application of examples/vue in a real browser: amounts that follow the form, pictures that are loaded
// when they are asked for, and the page that shows what the bundle is made of.
//
//   node sourdough.mjs URL [--chromium PATH] [--screenshots FOLDER]
//
// Prints one line of JSON that says what it saw; exit codes as shop.mjs.

import assert from "node:assert/strict";
import { join } from "node:path";
import { giveUp, main, watch } from "./visit.mjs";

process.exitCode = await main("sourdough.mjs", visit);

async function visit(page, url, folder) {
  const log = watch(page, new URL(url).origin);
  return await bake(page, url, log, folder).catch((error) => giveUp(page, log, folder, error));
}

async function bake(page, url, log, folder) {
  await page.goto(url);
  await page.getByRole("heading", { name: "Sourdough" }).waitFor();
  const flour = page.getByRole("row", { name: /^flour/ }).getByRole("cell");
  assert.equal(await flour.innerText(), "414 g", "flour for one loaf");
  await page.getByLabel("Loaves").fill("2");
  assert.equal(await flour.innerText(), "828 g", "flour for two loaves");
  await page.getByLabel("Kitchen").fill("32");
  await page.getByRole("table", { name: "Ready to bake in about 2.5 hours" }).waitFor();
  const before = new Set(log.assets.keys());
  await page.getByRole("button", { name: "Show me bread" }).click();
  const gallery = page.getByRole("region", { name: "Gallery" });
  await gallery.waitFor();
  const pictures = await page.evaluate(async () => {
    const images = [...document.images];
    // Rejects for a picture that is no picture.
    await Promise.all(images.map((image) => image.decode()));
    return images.length;
  });
  await page.screenshot({ path: join(folder, "sourdough.png") });
  const lazy = [...log.assets.keys()].filter((path) => !before.has(path) && path.endsWith(".js"));
  assert.ok(lazy.length > 0, "the gallery is a chunk of its own, loaded on demand");
  const version = await page.getByRole("contentinfo").innerText();
  assert.match(version, /^version \d+\.\d+\.\d+$/, "__BUILD_VERSION__ was put in");
  await page.goto(new URL("bundle-analysis/", url).href);
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.deepEqual(log.complaints, [], "the page complained");
  return { ok: true, pictures, lazy, version };
}
