import assert from "node:assert/strict";
import { test } from "node:test";

import { isStrength, recipe } from "@kettle/brew";

test("all water of a recipe is poured", () => {
  for (const cups of [1, 2, 3, 8]) {
    const { water, pours } = recipe(cups);
    assert.equal(
      pours.reduce((sum, pour) => sum + pour.water, 0),
      water,
    );
  }
});

test("a stronger coffee has more coffee in it", () => {
  const coffee = (strength) => recipe(2, strength).coffee;
  assert.ok(coffee("strong") > coffee("medium") && coffee("medium") > coffee("mild"));
});

test("what no filter holds is refused", () => {
  assert.throws(() => recipe(0), /1 to 8 cups, not 0/);
  assert.throws(() => recipe(1.5), RangeError);
});

test("words for a strength are known", () => {
  assert.ok(isStrength("mild") && !isStrength("toString"));
});
