// Written by farm, and loaded before a tool that may read a Vite configuration. Vite bundles that file and writes the
// result to node_modules/.vite-temp, or beside the file where it is refused the folder. It takes an EACCES for that, and
// not the error of a read-only mount, so it is refused here in every case.
import fsp from "node:fs/promises";
import path from "node:path";

const { mkdir } = fsp;
fsp.mkdir = async (folder, ...rest) => {
  if (path.basename(String(folder)) !== ".vite-temp") return mkdir(folder, ...rest);
  throw Object.assign(new Error("node_modules is read-only"), { code: "EACCES" });
};
