// Written by farm: the target's own Vitest or Vite configuration over what farm.vite.config.mjs sets for bundling and
// testing alike, so that tests see the same modules and constants as the bundle. Nothing is left behind: results of the
// last run, by which Vitest would sort the files, would be gone with the action's tree.
import path from "node:path";
import { mergeConfig } from "vite";
import { here, loadUserConfig, shared } from "./farm.vite.config.mjs";

export default async (env) => {
  const user = await loadUserConfig(env);
  const farm = { cacheDir: path.join(here, ".farm-vite"), test: { cache: false, watch: false } };
  return mergeConfig(mergeConfig(await shared(), user), farm);
};
