// Written by farm: the target's own Vitest or Vite configuration over what farm.vite.config.mjs sets for bundling and
// testing alike, so that tests see the same modules and constants as the bundle.
import { rmSync } from "node:fs";
import path from "node:path";
import { mergeConfig } from "vite";
import { here, loadUserConfig, shared } from "./farm.vite.config.mjs";

// Packages as Vite prepares them for tests. They must lie where other packages are found from, and end with the run.
// Results of the last run, by which Vitest would sort the files, would be gone with the action's tree.
const cacheDir = path.join(here, ".farm-vite");
process.on("exit", () => rmSync(cacheDir, { recursive: true, force: true }));

export default async (env) => {
  const user = await loadUserConfig(env);
  const farm = { cacheDir, test: { cache: false, watch: false } };
  return mergeConfig(mergeConfig(await shared(), user), farm);
};
