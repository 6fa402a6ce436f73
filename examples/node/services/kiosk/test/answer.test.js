import assert from "node:assert/strict";
import { test } from "node:test";

import { answer } from "../dist/answer.js";

const ask = (path) => answer(new URL(path, "http://kiosk"));

test("a recipe is told as JSON", () => {
  const { status, body } = ask("/recipe.json?cups=2&strength=strong");
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body).coffee, 33);
});

test("what somebody types is no HTML", () => {
  const { status, body } = ask("/?strength=<b>");
  assert.equal(status, 400);
  assert.match(body, /there is no strength &lt;b&gt;/);
});

test("other pages are not there", () => {
  assert.equal(ask("/nowhere").status, 404);
});
