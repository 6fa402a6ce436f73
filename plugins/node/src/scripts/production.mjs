// Copies the packages that a package needs when it runs, found as Node finds them, from all that is installed.
//
// farm-node/production.mjs ROOT INTO LOCAL LIST NAME...: ROOT is the folder of the lock file. The packages go to INTO, those of
// the workspace (NAME...) once more to LOCAL, and what was found is told in LIST.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [root, into, local, list, ...names] = process.argv.slice(2);
const top = path.resolve(root);
const here = process.cwd();
const own = path.join(here, "node_modules");
const shared = path.join(top, "node_modules");
// Where the package has a version of its own of something that others share, both versions are needed: what is shared lies
// deeper then, with a link for each package of it that is not hidden by an own one.
const isDivided = own !== shared && packagesIn(own).some((name) => fs.existsSync(path.join(shared, name)));
const hoisted = isDivided ? path.join(".shared", "node_modules") : "";

const found = new Map();
// What the package itself asks for.
const direct = new Set();
const missing = [];
visit(here, manifestOf(here), true);
if (missing.length > 0) {
  console.error(missing.join("\n"));
  process.exit(1);
}
fs.mkdirSync(into, { recursive: true });
[...found].forEach(([folder, place]) => copy(folder, path.join(into, place)));
if (isDivided) {
  linkShared();
}
linkPrograms();
for (const name of names.filter((name) => found.has(path.join(own, name)))) {
  copy(path.join(own, name), path.join(local, name));
}
tell();

function visit(folder, manifest, isOwn) {
  const optional = new Set(Object.keys(manifest.optionalDependencies ?? {}));
  const peers = Object.keys(manifest.peerDependencies ?? {});
  for (const name of new Set([...Object.keys(manifest.dependencies ?? {}), ...optional, ...peers])) {
    const place = resolve(folder, name);
    if (place !== undefined) {
      if (isOwn) {
        direct.add(place);
      }
      take(place);
    } else if (manifest.dependencies?.[name] !== undefined && !optional.has(name)) {
      missing.push(`\`${name}\`, which \`${manifest.name ?? "the package"}\` needs, is not installed`);
    }
  }
}

function take(folder) {
  if (!found.has(folder)) {
    found.set(folder, placeOf(folder));
    visit(folder, manifestOf(folder), false);
  }
}

// As Node does: in the node_modules of the folder itself, and of each above it.
function resolve(from, name) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const place = path.join(folder, "node_modules", name);
    if (path.basename(folder) !== "node_modules" && fs.existsSync(path.join(place, "package.json"))) {
      return place;
    }
    if (folder === top || folder === path.dirname(folder)) {
      return undefined;
    }
  }
}

function packagesIn(modules) {
  const list = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);
  const scoped = (name) => list(path.join(modules, name)).map((inner) => path.join(name, inner));
  return list(modules).flatMap((name) => (name.startsWith("@") ? scoped(name) : name.startsWith(".") ? [] : [name]));
}

function placeOf(folder) {
  const isOwn = folder.startsWith(own + path.sep);
  return isOwn ? path.relative(own, folder) : path.join(hoisted, path.relative(shared, folder));
}

function manifestOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
}

// A package without the packages inside it, which are copied where they are needed.
function copy(from, to) {
  const filter = (source) => source === from || path.relative(from, source).split(path.sep)[0] !== "node_modules";
  fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
}

function linkShared() {
  for (const place of [...found.values()].filter((place) => place.startsWith(hoisted + path.sep))) {
    const name = path.relative(hoisted, place);
    if (!name.includes("node_modules") && !fs.existsSync(path.join(into, name))) {
      link(path.join(into, name), path.join(into, place));
    }
  }
}

// The programs of the packages that the package itself asks for.
function linkPrograms() {
  for (const folder of direct) {
    const { name, bin } = manifestOf(folder);
    const programs = typeof bin === "string" ? { [path.basename(name)]: bin } : (bin ?? {});
    for (const [program, file] of Object.entries(programs)) {
      const at = path.join(into, ".bin", program);
      if (!fs.existsSync(at)) {
        link(at, path.join(into, found.get(folder), file));
      }
    }
  }
}

function link(at, to) {
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.symlinkSync(path.relative(path.dirname(at), to), at);
}

function tell() {
  const packages = [...found.keys()].map((folder) => {
    const { name, version, license } = manifestOf(folder);
    return typeof license === "string" ? { name, version, license } : { name, version };
  });
  const texts = [...new Set(packages.map((known) => JSON.stringify(known)))].sort();
  fs.mkdirSync(path.dirname(list), { recursive: true });
  fs.writeFileSync(list, `[\n${texts.map((text) => `  ${text}`).join(",\n")}\n]\n`);
}
