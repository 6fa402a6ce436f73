// Compares pictures before and after, as a real browser shows them: pixel for pixel, and of the same size.
//
//   node images.mjs file:///…/before/ file:///…/after/ [--chromium PATH] [--screenshots FOLDER]
//
// `after` has the files of `before` with a hash in their names (`cup.png` is `cup-D1f3Gh5j.png`). Prints one line of JSON
// that says what it saw; exit codes as shop.mjs.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join, parse } from "node:path";
import { main } from "./visit.mjs";

const KINDS = {
  ".avif": "image/avif",
  ".jpg": "image/jpeg",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
};

process.exitCode = await main("images.mjs", visit, 2);

async function visit(page, [before, after], folder) {
  const built = readdirSync(new URL(after));
  const seen = {};
  for (const file of readdirSync(new URL(before)).sort()) {
    const { name, ext } = parse(file);
    const other = built.find((one) => one.startsWith(`${name}-`) && one.endsWith(ext));
    assert.ok(other, `${file} is in the bundle`);
    const [was, is] = [read(new URL(file, before), ext), read(new URL(other, after), ext)];
    const [one, two] = await page.evaluate(pixels, [was.url, is.url]);
    assert.deepEqual([two.width, two.height], [one.width, one.height], `the size of ${file}`);
    assert.equal(two.data, one.data, `the pixels of ${file}`);
    assert.ok(one.colours > 1, `${file} shows something`);
    seen[ext.slice(1)] = { before: was.bytes, after: is.bytes };
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }
  return { ok: true, seen };
}

function read(url, ext) {
  const bytes = readFileSync(url);
  return { bytes: bytes.length, url: `data:${KINDS[ext]};base64,${bytes.toString("base64")}` };
}

/** Runs in the page: what each picture looks like there. */
async function pixels(urls) {
  document.body.replaceChildren();
  const looks = urls.map(async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    document.body.append(image);
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, width, height);
    const colours = new Set(new Uint32Array(data.buffer)).size;
    const digest = await crypto.subtle?.digest("SHA-256", data);
    return { width, height, colours, data: digest ? [...new Uint8Array(digest)].join() : data.join() };
  });
  return Promise.all(looks);
}
