import { describe, expect, it } from "vitest";
import { createSSRApp } from "vue";
import { renderToString } from "vue/server-renderer";
import App from "./App.vue";
import { version } from "./build";
import { dough, hours } from "./dough";

const recipe = { hydration: 70, starter: 20, salt: 2 };

describe("a dough", () => {
  it("weighs what its loaves weigh", () => {
    const { flour, water, starter, salt } = dough(recipe, 860, 2);
    expect(flour + water + starter + salt).toBe(1720);
  });

  it("counts the flour and the water of its starter", () => {
    expect(dough(recipe, 860, 1)).toEqual({ flour: 450, water: 300, starter: 100, salt: 10 });
  });

  it("rises twice as fast in a kitchen that is 8 degrees warmer", () => {
    expect(hours(recipe, 16)).toBe(2 * hours(recipe, 24));
  });
});

describe("the page", () => {
  it("shows the amounts, and knows its version", async () => {
    const page = await renderToString(createSSRApp(App));
    expect(page).toContain("Ready to bake in about");
    expect(page).toContain(`version ${version}`);
  });
});
