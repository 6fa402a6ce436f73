// Runs a package manager in the folder of its lock file, and leaves what does not depend on the machine or the moment:
// installed packages, but no links to packages of the workspace (they are built apart) and no notes of the manager's.
//
// farm-node/install.mjs MANAGER scripts|no-scripts FOLDER...: FOLDER... are those of other packages of the workspace.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

const [manager, scripts, ...folders] = process.argv.slice(2);
const cache = process.env.FARM_PACKAGES ?? path.resolve("farm-packages");
const frozen = scripts === "scripts" ? [] : ["--ignore-scripts"];

const managers = {
  npm: () => ["npm", ["ci", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier", "--cache", cache, ...frozen]],
  pnpm: () => [
    "pnpm",
    // Packages as folders, not as links into a store that others write to.
    ["install", "--frozen-lockfile", "--reporter=append-only", "--config.node-linker=hoisted"]
      .concat(["--config.package-import-method=copy", "--config.manage-package-manager-versions=false"])
      .concat(["--config.confirm-modules-purge=false", "--config.strict-dep-builds=false", "--store-dir", cache, ...frozen]),
  ],
  // Its cache bears one at a time.
  yarn: () => [
    "yarn",
    ["install", "--frozen-lockfile", "--non-interactive", "--no-progress", "--cache-folder", cache]
      .concat(["--mutex", `file:${path.join(cache, ".mutex")}`, ...frozen]),
  ],
  "yarn-berry": () => ["yarn", ["install", "--immutable"]],
};

const berry = {
  YARN_NODE_LINKER: "node-modules",
  YARN_GLOBAL_FOLDER: cache,
  YARN_ENABLE_GLOBAL_CACHE: "true",
  YARN_INSTALL_STATE_PATH: path.join(os.tmpdir(), "farm-yarn-state.gz"),
  YARN_ENABLE_SCRIPTS: String(scripts === "scripts"),
  YARN_ENABLE_TELEMETRY: "0",
  YARN_ENABLE_PROGRESS_BARS: "false",
};

install();
// The packages beside the lock file last: theirs has to be there, even where nothing is installed.
for (const folder of [...folders, "."]) {
  tidy(path.join(folder, "node_modules"), folder === ".");
}

function install() {
  const [tool, arguments_] = managers[manager]();
  const variables = manager === "yarn-berry" ? { ...process.env, ...berry } : process.env;
  const { status, error } = spawnSync(tool, arguments_, { stdio: "inherit", env: variables });
  if (error !== undefined) {
    console.error(`${tool} cannot be started: ${error.message}`);
  }
  if (status !== 0) {
    tellUnset();
    process.exit(status ?? 1);
  }
}

// A registry only says that it refuses.
function tellUnset() {
  const named = (process.env.FARM_NAMED ?? "").split(" ").filter((name) => name !== "");
  for (const name of named.filter((name) => process.env[name] === undefined)) {
    console.error(`the settings of ${manager} name \`${name}\`, which is not set: set it where farm is started`);
  }
}

// Takes out what leads elsewhere and what the manager noted for itself; without packages, the whole folder.
function tidy(modules, stays) {
  if (fs.existsSync(modules)) {
    const notes = [".cache", ".modules.yaml", ".package-lock.json", ".pnpm", ".pnpm-workspace-state.json"];
    notes.push(".pnpm-workspace-state-v1.json", ".yarn-integrity", ".yarn-state.yml");
    notes.forEach((note) => fs.rmSync(path.join(modules, note), { recursive: true, force: true }));
    dropLinks(modules, fs.realpathSync(modules));
    dropEmpty(modules);
  }
  if (stays) {
    fs.mkdirSync(modules, { recursive: true });
  }
}

function dropLinks(folder, inside) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      dropLinks(place, inside);
    } else if (entry.isSymbolicLink() && !leadsInside(place, inside)) {
      fs.unlinkSync(place);
    }
  }
}

function leadsInside(link, inside) {
  try {
    return fs.realpathSync(link).startsWith(inside + path.sep);
  } catch {
    return false;
  }
}

// Folders in which nothing is left, but for those inside a package.
function dropEmpty(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && (entry.name.startsWith("@") || entry.name === ".bin")) {
      dropEmpty(path.join(folder, entry.name));
    }
  }
  if (fs.readdirSync(folder).length === 0) {
    fs.rmdirSync(folder);
  }
}
