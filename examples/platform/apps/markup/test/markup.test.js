import assert from "node:assert/strict";
import { test } from "node:test";

import { page, render } from "@notes/markup";

test("blocks become titles, lists and paragraphs", () => {
  assert.equal(
    render("# Tides\n\nLow\nand *high*.\n\n- one\n- `two`\n"),
    "<h1>Tides</h1>\n<p>Low and <em>high</em>.</p>\n<ul><li>one</li><li><code>two</code></li></ul>",
  );
});

test("nothing of the text is a tag", () => {
  assert.equal(render("<script>"), "<p>&lt;script&gt;</p>");
  assert.match(page('"a" & b', ""), /<title>&quot;a&quot; &amp; b<\/title>/);
});

test("a star alone emphasises nothing", () => {
  assert.equal(render("2 * 3 * 4"), "<p>2 * 3 * 4</p>");
});
