// Copies, for each package of the workspace that a package needs, what lies beside the lock file and would be hidden from
// it: it lies below the package here, and beside it in the workspace. What needs a copied package is copied with it, so that
// all of them find the same one.
//
// farm-node/show.mjs ROOT INTO (NAME FOLDER)...: ROOT is the folder of the lock file, FOLDER is a package's from there. The
// copies for the Nth package go to INTO/N, to lie in node_modules/NAME/node_modules.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [root, into, ...locals] = process.argv.slice(2);
const top = path.resolve(root);
const own = "node_modules";
const shared = path.join(top, "node_modules");

for (let number = 0; number * 2 < locals.length; number++) {
  const folder = path.join(top, locals[number * 2 + 1]);
  const nested = path.join(folder, "node_modules");
  const needs = needsOf(folder);
  const copied = hidden(needs, (name) => isIn(own, name) && !isIn(nested, name));
  for (const name of copied.filter((name) => !isIn(nested, name))) {
    const place = path.join(into, String(number), name);
    copy(name, place);
    const inner = path.join(place, "node_modules");
    // Beside the copy lies another version of these.
    const others = [...(needs.get(name) ?? [])].filter((other) => isIn(nested, other) && !isIn(inner, other));
    others.forEach((other) => copy(other, path.join(inner, other)));
  }
}

// Who needs whom of what lies beside the lock file, by names, as far as the package in this folder reaches; what is nested
// in one of them counts as a part of it. The package itself has no name.
function needsOf(start) {
  const needs = new Map();
  const seen = new Set();
  const waiting = [start];
  while (waiting.length > 0) {
    const folder = waiting.pop();
    if (seen.has(folder)) {
      continue;
    }
    seen.add(folder);
    const name = nameOf(folder);
    const { dependencies, optionalDependencies, peerDependencies } = manifestOf(folder);
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const place = resolve(folder, other);
      if (place !== undefined) {
        waiting.push(place);
        needs.set(name, (needs.get(name) ?? new Set()).add(nameOf(place)));
      }
    }
  }
  return needs;
}

// The names for which this holds, and of those that need one of them.
function hidden(needs, isHidden) {
  const all = new Set([...needs.values()].flatMap((names) => [...names]).filter((name) => name !== "" && isHidden(name)));
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    const users = [...needs].filter(([name, names]) => name !== "" && [...names].some((other) => all.has(other)));
    users.forEach(([name]) => all.add(name));
  }
  return [...all].sort();
}

// As Node does where the package manager puts the package.
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

// The name of what a folder lies in, beside the lock file; none elsewhere.
function nameOf(folder) {
  if (!folder.startsWith(shared + path.sep)) {
    return "";
  }
  const [first, second] = path.relative(shared, folder).split(path.sep);
  return first.startsWith("@") ? path.join(first, second) : first;
}

function manifestOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
}

function isIn(modules, name) {
  return fs.existsSync(path.join(modules, name));
}

function copy(name, to) {
  fs.cpSync(path.join(shared, name), to, { recursive: true, verbatimSymlinks: true });
}
