// Looks at the moon with the built application of examples/svelte in a real browser: the phase of a day, and the next full
// moons, whose code is loaded when it is asked for.
//
//   node moon.mjs URL [--chromium PATH] [--screenshots FOLDER]
//
// Prints one line of JSON that says what it saw; exit codes as shop.mjs.

import assert from "node:assert/strict";
import { join } from "node:path";
import { giveUp, main, watch } from "./visit.mjs";

process.exitCode = await main("moon.mjs", visit);

async function visit(page, url, folder) {
  const log = watch(page, new URL(url).origin);
  return await look(page, url, log, folder).catch((error) => giveUp(page, log, folder, error));
}

async function look(page, url, log, folder) {
  await page.goto(url);
  await page.getByRole("heading", { name: "Moon" }).waitFor();
  // The eclipses of these days: of the sun, which hides behind a new moon, and of the moon, which is full.
  await page.getByLabel("Day").fill("2024-04-08");
  const phase = page.getByTestId("phase");
  assert.match(await phase.innerText(), /^new moon, [0-2] % lit$/, "the eclipse of the sun");
  await page.getByLabel("Day").fill("2025-03-14");
  assert.match(await phase.innerText(), /^full moon, (9[89]|100) % lit$/, "the eclipse of the moon");
  const before = new Set(log.assets.keys());
  await page.getByRole("button", { name: "Full moons" }).click();
  await page.getByRole("listitem").first().waitFor();
  const days = await page.getByRole("listitem").allInnerTexts();
  assert.equal(days.length, 6, "the next full moons");
  await page.screenshot({ path: join(folder, "moon.png") });
  const lazy = [...log.assets.keys()].filter((path) => !before.has(path) && path.endsWith(".js"));
  assert.ok(lazy.length > 0, "the calendar is a chunk of its own, loaded on demand");
  await page.getByLabel("Day").fill("");
  await page.getByText("Which day?").waitFor();
  assert.deepEqual(log.complaints, [], "the page complained");
  return { ok: true, days, lazy };
}
