// Light markup as HTML: paragraphs, `# titles`, lists of `- items`, and in them *emphasis* and `code`.

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);

function inline(text: string): string {
  return escape(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*([^*\s](?:[^*]*[^*\s])?)\*/g, "<em>$1</em>");
}

function block(text: string): string {
  const title = /^# (.+)$/.exec(text);
  if (title?.[1]) return `<h1>${inline(title[1])}</h1>`;
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith("- "))) {
    return `<ul>${lines.map((line) => `<li>${inline(line.slice(2))}</li>`).join("")}</ul>`;
  }
  return `<p>${inline(lines.join(" "))}</p>`;
}

/** The markup as HTML, block by block. Nothing of the text becomes a tag of its own. */
export function render(text: string): string {
  const blocks = text.split(/\n\s*\n/).map((part) => part.trim());
  return blocks
    .filter((part) => part !== "")
    .map(block)
    .join("\n");
}

/** A whole page of it, with the address of an icon if it has one. */
export function page(title: string, text: string, icon = ""): string {
  const link = icon && `\n<link rel="icon" href="${escape(icon)}">`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>${link}
<body>
${render(text)}
</body>
</html>
`;
}
