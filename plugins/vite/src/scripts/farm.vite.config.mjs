// Written by farm: loads the target's own Vite configuration and puts farm's settings under it, so that what the
// user says wins. Only the output folder and the cache folder are farm's to decide. farm.vitest.config.mjs takes what
// tests need as well from here.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as vite from "vite";

export const here = path.dirname(fileURLToPath(import.meta.url));
const settings = JSON.parse(readFileSync(path.join(here, "farm.vite.json"), "utf8"));
const rolldown = Boolean(vite.rolldownVersion);

export default async (env) => {
  const user = await loadUserConfig(env);
  const own = {
    ...(await shared()),
    build: {
      reportCompressedSize: false,
      sourcemap: settings.sourcemap,
      ...given({ minify: settings.minify, target: settings.target }),
      ...settings.build,
      [bundlerKey(user)]: given({ treeshake: settings.treeshake }),
    },
  };
  return vite.mergeConfig(vite.mergeConfig(own, user), { ...chunkGroups(user), plugins: [farm()] });
};

// What bundling and testing have in common.
export async function shared() {
  return {
    plugins: await Promise.all(settings.plugins.map(load)),
    ...given({ base: settings.base }),
    define: Object.fromEntries(Object.entries(settings.define).map(([name, value]) => [name, JSON.stringify(value)])),
    // node_modules may be a link into farm's store: modules keep the names they have in the target's folder, so that
    // the bundle does not depend on where the store is.
    resolve: { preserveSymlinks: true },
  };
}

// A plugin of the file that the option `plugins` names.
async function load({ package: from, export: name, options }) {
  const make = (await import(from))[name];
  if (typeof make !== "function") throw new Error(`farm: \`${from}\` has no function \`${name}\` that makes a plugin`);
  return options === null ? make() : make(options);
}

// Bundled, the file is written beside itself for a moment (see farm.readonly.mjs). In a folder below the target's, nothing
// may be written: such a file is run without being bundled.
export async function loadUserConfig(env) {
  if (settings.config === null) return {};
  const loader = settings.config.includes("/") ? "runner" : "bundle";
  const file = path.join(here, settings.config);
  return (await vite.loadConfigFromFile(env, file, here, undefined, undefined, loader))?.config ?? {};
}

// Without what farm leaves to Vite.
function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

// Below which key of `build` the bundler's own options stand.
function bundlerKey(user) {
  return user.build?.rolldownOptions || (rolldown && !user.build?.rollupOptions) ? "rolldownOptions" : "rollupOptions";
}

// `chunks = { vendor = ["react"] }`: each package's modules go to the named chunk, and so do those of files and folders
// of the target. `vendor`, without such a list: what several parts of the app need of packages; Rollup cannot be told
// so. A configuration that divides its chunks itself is left alone.
function chunkGroups(user) {
  const groups = Object.entries(settings.chunks).map(([name, members]) => ({
    name,
    test: new RegExp(members.map(membersOf).join("|")),
    priority: 1,
  }));
  if (settings.vendor && rolldown) groups.push({ name: "vendor", test: /[\\/]node_modules[\\/]/, minShareCount: 2 });
  if (groups.length === 0) return {};
  const key = bundlerKey(user);
  const output = user.build?.[key]?.output;
  if (Array.isArray(output) || output?.codeSplitting || output?.advancedChunks || output?.manualChunks) {
    console.warn("farm: the Vite configuration divides its chunks itself; those of the target's options are not made");
    return {};
  }
  const manualChunks = (id) => groups.find((group) => group.test.test(id))?.name;
  const added = rolldown ? { codeSplitting: { groups } } : { manualChunks };
  return { build: { [key]: { output: added } } };
}

// What the ids of a package's modules look like, or those of a file or folder `./…`.
function membersOf(name) {
  if (!name.startsWith("./")) return `[\\\\/]node_modules[\\\\/]${escape(name)}[\\\\/]`;
  return `^${escape(path.join(here, name))}(?:[\\\\/?]|$)`;
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

// Sets what farm needs after every other plugin has spoken, and writes down what the bundle is made of.
function farm() {
  let root = here;
  return {
    name: "farm",
    enforce: "post",
    config: () => ({
      cacheDir: path.join(here, ".farm-vite"),
      build: { outDir: path.join(here, "dist"), emptyOutDir: true },
    }),
    configResolved(config) {
      root = config.root;
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const facts = { vite: vite.version, ...describe(bundle, root) };
        const folder = path.join(here, "farm-facts");
        mkdirSync(folder, { recursive: true });
        writeFileSync(path.join(folder, "bundle.json"), JSON.stringify(facts, null, 1) + "\n");
      },
    },
  };
}

function describe(bundle, root) {
  const files = Object.values(bundle).sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  const chunks = files.filter((file) => file.type === "chunk");
  const assets = files.filter((file) => file.type === "asset" && !file.fileName.endsWith(".map"));
  return {
    chunks: chunks.map((chunk) => ({
      name: chunk.name,
      file: chunk.fileName,
      entry: chunk.isEntry,
      dynamic: chunk.isDynamicEntry,
      imports: [...chunk.imports].sort(),
      modules: moduleSizes(chunk, root),
    })),
    assets: assets.map((asset) => ({ file: asset.fileName })),
  };
}

function moduleSizes(chunk, root) {
  const named = Object.entries(chunk.modules).map(([id, module]) => ({ id: moduleName(id, root), bytes: module.renderedLength }));
  return named.sort((a, b) => b.bytes - a.bytes || (a.id < b.id ? -1 : 1));
}

function moduleName(id, root) {
  const clean = id.replace(/^\0/, "");
  return path.isAbsolute(clean) ? path.relative(root, clean).split(path.sep).join("/") : clean;
}
