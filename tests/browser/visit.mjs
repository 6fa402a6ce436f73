// What all visits with a real browser have in common: how they are called, and how the browser is started and ended.
// Knows nothing of what is visited.

import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WAIT_MS = 20_000;

/**
 * Lets `visit(page, url, folder)` look at the page that the command line names, and prints what it saw; the exit code.
 * With `count` of several addresses, `url` is a list.
 */
export async function main(name, visit, count = 1) {
  const call = readCall(name, count);
  if (typeof call === "string") {
    console.error(`${name}: ${call}`);
    return 2;
  }
  const profile = mkdtempSync(join(tmpdir(), "farm-browser-"));
  try {
    console.log(JSON.stringify(await start(call, profile, visit)));
    return 0;
  } catch (error) {
    console.error(`${name}: ${stripVTControlCharacters(error.message)}`);
    return 1;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The call's meaning, or what is wrong with it. */
function readCall(name, count) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { chromium: { type: "string" }, screenshots: { type: "string" } },
    });
    if (positionals.length !== count) return `URLs needed: ${count}: node ${name} URL… [--chromium PATH]`;
    const executablePath = values.chromium ?? process.env.CHROMIUM ?? "/usr/bin/chromium";
    if (!isExecutable(executablePath)) return `there is no browser at ${executablePath}; scripts/setup installs one`;
    const urls = positionals.map((url) => new URL(url).href);
    return { url: count === 1 ? urls[0] : urls, executablePath, screenshots: values.screenshots };
  } catch (error) {
    return error.message;
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function start({ url, executablePath, screenshots }, profile, visit) {
  const viewport = { width: 1200, height: 900 };
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS, viewport });
  const folder = screenshots ?? mkdtempSync(join(tmpdir(), "farm-screenshots-"));
  mkdirSync(folder, { recursive: true });
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(WAIT_MS);
    return await visit(page, url, folder);
  } finally {
    await browser.close();
  }
}

/** Collects what the page loads and complains about. */
export function watch(page, origin) {
  const log = { assets: new Map(), complaints: [] };
  page.on("console", (message) => {
    if (message.type() === "error") log.complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => log.complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A search that a later key press has overtaken is given up on purpose.
    const reason = request.failure()?.errorText;
    if (reason !== "net::ERR_ABORTED") log.complaints.push(`request: ${request.url()}: ${reason}`);
  });
  page.on("response", (response) => {
    const address = new URL(response.url());
    if (address.origin !== origin) log.complaints.push(`request: ${address.href} leaves the site`);
    if (response.status() >= 400) log.complaints.push(`request: ${address.pathname}: ${response.status()}`);
    if (address.pathname.startsWith("/assets/")) log.assets.set(address.pathname, response.status());
  });
  return log;
}

/** Says beside the error what the page looked like and complained about. */
export async function giveUp(page, log, folder, error) {
  const screenshot = join(folder, "failure.png");
  await page.screenshot({ path: screenshot }).catch(() => {});
  const complaints = log.complaints.map((complaint) => `\n  ${complaint}`).join("");
  throw new Error(`${error.message}\nat ${page.url()}, screenshot ${screenshot}${complaints}`);
}
