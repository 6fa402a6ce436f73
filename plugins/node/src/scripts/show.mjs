// Links, for each package of the workspace that a package needs, to what lies beside the lock file and would be hidden from
// it: it lies below the package here, and beside it in the workspace.
//
// farm-node/show.mjs ROOT INTO (NAME FOLDER)...: ROOT is the folder of the lock file, FOLDER is a package's from there. The
// links for the Nth package go to INTO/N, to lie in node_modules/NAME/node_modules.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [root, into, ...locals] = process.argv.slice(2);
const own = "node_modules";
const shared = path.join(root, "node_modules");

for (let number = 0; number * 2 < locals.length; number++) {
  const [name, folder] = locals.slice(number * 2);
  const nested = path.join(root, folder, "node_modules");
  const place = path.join(own, name, "node_modules");
  for (const hidden of packagesIn(own).filter((one) => isIn(shared, one) && !isIn(nested, one))) {
    const at = path.dirname(path.join(place, hidden));
    const link = path.join(into, String(number), hidden);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.relative(at, path.join(shared, hidden)), link);
  }
}

function packagesIn(modules) {
  const list = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);
  const scoped = (name) => list(path.join(modules, name)).map((inner) => path.join(name, inner));
  return list(modules).flatMap((name) => (name.startsWith("@") ? scoped(name) : name.startsWith(".") ? [] : [name]));
}

function isIn(modules, name) {
  return fs.existsSync(path.join(modules, name));
}
