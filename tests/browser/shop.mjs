// Buys something in the built example shop, in a real browser, and checks on the way that what farm built works:
// page, hashed assets, lazily loaded code, generated API calls and defines.
//
//   node shop.mjs URL [--chromium PATH] [--screenshots FOLDER]
//
// CHROMIUM may name the browser, too. Prints one line of JSON that says what it saw. Exit codes: 0 all was right,
// 1 something was not, 2 it was called wrongly or there is no such browser. Knows nothing of farm or of how the pages
// are served. Every wait is for something to appear, never for time to pass.

import assert from "node:assert/strict";
import { join } from "node:path";
import { giveUp, main, watch } from "./visit.mjs";

const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/;

process.exitCode = await main("shop.mjs", visit);

async function visit(page, url, folder) {
  const log = watch(page, new URL(url).origin);
  return await shop(page, url, log, folder).catch((error) => giveUp(page, log, folder, error));
}

/** The visit itself, from the catalogue to the order's number. */
async function shop(page, url, log, folder) {
  const catalogue = await openCatalogue(page, url);
  const screenshot = join(folder, "catalogue.png");
  await page.screenshot({ path: screenshot });
  await search(page);
  const product = await putTwoIntoTheCart(page);
  await page.screenshot({ path: join(folder, "product.png") });
  const lazy = await openCheckout(page, log);
  await page.screenshot({ path: join(folder, "checkout.png") });
  const order = await placeOrder(page);
  await page.screenshot({ path: join(folder, "order.png") });
  const build = await readFooter(page);
  const assets = checkAssets(log);
  assert.deepEqual(log.complaints, [], "the page complained");
  return { ok: true, ...catalogue, product, ...order, ...build, lazy, assets, screenshot };
}

async function openCatalogue(page, url) {
  await page.goto(url);
  await page.getByRole("heading", { name: "Coffee, and what it takes to make it" }).waitFor();
  const cards = page.getByTestId("product-card");
  await cards.first().waitFor();
  // Rejects for a picture that is no picture.
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  return { title: await page.title(), products: await cards.count() };
}

async function search(page) {
  await page.getByRole("button", { name: /^Coffee/ }).click();
  await found(page, "4 products");
  await page.getByRole("searchbox").fill("ESPRESSO house");
  await found(page, "1 product");
  assert.equal(await page.getByTestId("product-card").count(), 1, "the search shows as many cards as it found");
}

async function found(page, text) {
  await page.getByTestId("found").getByText(text, { exact: true }).waitFor();
}

async function putTwoIntoTheCart(page) {
  await page.getByRole("link", { name: /Harbour Espresso/ }).click();
  const heading = page.getByRole("heading", { name: "Harbour Espresso" });
  await heading.waitFor();
  assert.equal(await page.getByTestId("price").innerText(), "€12.90", "the price of one piece");
  await page.getByRole("button", { name: "One more" }).click();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByText("2 in your cart").waitFor();
  assert.equal(await page.getByTestId("cart-count").innerText(), "2", "the number beside the cart");
  return heading.innerText();
}

/** Goes through the cart, a reload included, to the checkout; returns the scripts that were loaded only then. */
async function openCheckout(page, log) {
  await page.getByRole("link", { name: "See the cart" }).click();
  await page.getByRole("heading", { name: "Your cart" }).waitFor();
  await page.reload();
  await page.getByTestId("subtotal").getByText("€25.80").waitFor();
  const before = new Set(log.assets.keys());
  await page.getByRole("link", { name: "Check out" }).click();
  await page.getByRole("heading", { name: "Checkout" }).waitFor();
  const lazy = [...log.assets.keys()].filter((path) => !before.has(path) && path.endsWith(".js"));
  assert.ok(lazy.length > 0, "the checkout's code is a chunk of its own, loaded on demand");
  return lazy;
}

async function placeOrder(page) {
  await page.getByLabel("Name").fill("Ada Lovelace");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Street and number").fill("Keizersgracht 1");
  await page.getByLabel("Postal code").fill("1015 CJ");
  await page.getByLabel("City").fill("Amsterdam");
  await page.getByRole("button", { name: "Place the order" }).click();
  const order = await page.getByTestId("order-number").innerText();
  assert.match(order, /^KB-[2-9A-Z]{8}$/, "the order's number");
  assert.equal(await page.getByTestId("order-status").innerText(), "Placed", "the order's status");
  const total = await page.getByTestId("order-total").innerText();
  assert.equal(total, "€30.75", "two bags and standard shipping");
  await page.getByTestId("cart-count").getByText("0", { exact: true }).waitFor();
  return { order, total };
}

async function readFooter(page) {
  const version = await page.getByTestId("version").innerText();
  const environment = await page.getByTestId("environment").innerText();
  assert.notEqual(version, "unbuilt", "__BUILD_VERSION__ was put in");
  assert.notEqual(environment, "local", "__ENVIRONMENT__ was put in");
  assert.ok(version && environment, "version and environment are not empty");
  return { version, environment };
}

function checkAssets({ assets }) {
  for (const [path, status] of assets) {
    assert.match(path, HASHED, "an asset's name holds a hash");
    assert.equal(status, 200, `status of ${path}`);
  }
  for (const kind of [".js", ".css", ".svg"]) {
    assert.ok([...assets.keys()].some((path) => path.endsWith(kind)), `an asset that ends in ${kind} was loaded`);
  }
  return [...assets.keys()].sort();
}
