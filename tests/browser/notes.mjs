// Hangs notes up with the built product of examples/platform in a real browser: the front end, its calls of the back end,
// and the page about it.
//
//   node notes.mjs URL [--chromium PATH] [--screenshots FOLDER]
//
// Prints one line of JSON that says what it saw; exit codes as shop.mjs.

import assert from "node:assert/strict";
import { join } from "node:path";
import { giveUp, main, watch } from "./visit.mjs";

process.exitCode = await main("notes.mjs", visit);

async function visit(page, url, folder) {
  const log = watch(page, new URL(url).origin);
  return await write(page, url, log, folder).catch((error) => giveUp(page, log, folder, error));
}

async function write(page, url, log, folder) {
  await page.goto(url);
  await page.getByRole("heading", { name: "Notes" }).waitFor();
  await page.getByText("The board is empty.").waitFor();
  for (const text of ["Low tide at noon", "Water in the boathouse, HELP needed at once"]) {
    await page.getByLabel("A new note").fill(text);
    await page.getByRole("button", { name: "Hang it up" }).click();
    await page.getByRole("listitem").filter({ hasText: text }).waitFor();
  }
  const notes = await page.getByRole("listitem").count();
  const urgent = await page.locator("li.urgent").allInnerTexts();
  await page.screenshot({ path: join(folder, "notes.png") });
  await page.getByRole("link", { name: "How the board works" }).click();
  await page.locator("em").filter({ hasText: "200 characters" }).waitFor();
  assert.deepEqual(log.complaints, [], "the page complained");
  return { ok: true, notes, urgent };
}
