// Puts a package together: what lies in its folder, which is what it publishes. What `package.json` names has to be there.
//
// farm-node/package.mjs INTO METADATA FARM: FARM is a folder of farm's own, which is no part of it.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [into, metadata, farm] = process.argv.slice(2);
const manifest = JSON.parse(fs.readFileSync("package.json", "utf8"));

const gone = named().filter(([, file]) => !isThere(file));
if (gone.length > 0) {
  for (const [field, file] of gone) {
    console.error(`package.json names \`${file}\` in \`${field}\`, and the package has no such file`);
  }
  console.error(`the package has: ${files().join(", ") || "nothing"}`);
  process.exit(1);
}
const all = files();
const bytes = all.reduce((sum, file) => sum + copy(file), 0);
const about = { name: manifest.name, version: manifest.version, node: process.versions.node, files: all.length, bytes };
fs.writeFileSync(metadata, `${JSON.stringify(about, null, 2)}\n`);

function files(folder = "") {
  const entries = fs.readdirSync(folder || ".", { withFileTypes: true });
  const found = entries.flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (file === farm || entry.name === "node_modules") {
      return [];
    }
    return entry.isDirectory() ? files(file) : [file];
  });
  return found.sort();
}

function copy(file) {
  const to = path.join(into, file);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(file, to);
  const { size, mode } = fs.statSync(file);
  fs.chmodSync(to, mode & 0o777);
  return size;
}

// Each field that names files, with the file: patterns of `exports` are left out.
function named() {
  const fields = ["main", "module", "types", "bin", "exports"];
  return fields.flatMap((field) => paths(manifest[field]).map((file) => [field, file]));
}

function paths(value) {
  if (typeof value === "string") {
    return value.includes("*") ? [] : [value];
  }
  return value === null || typeof value !== "object" ? [] : Object.values(value).flatMap(paths);
}

// As Node takes the old fields: `main` may lack its ending, or name a folder.
function isThere(file) {
  const endings = ["", ".js", ".cjs", ".json", ".node", "/index.js", "/index.json"];
  return endings.some((ending) => fs.existsSync(file + ending) && fs.statSync(file + ending).isFile());
}
