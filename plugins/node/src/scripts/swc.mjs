// Compiles sources one by one with the project's own SWC, by the project's `.swcrc` where there is one.
//
// farm-node/swc.mjs FROM INTO
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const [from, into] = process.argv.slice(2);
const { transformFileSync } = createRequire(path.resolve("package.json"))("@swc/core");
const isModule = JSON.parse(fs.readFileSync("package.json", "utf8")).type === "module";
const hasOwn = fs.existsSync(".swcrc");
const endings = { ".ts": ".js", ".tsx": ".js", ".jsx": ".js", ".js": ".js" };
const fixed = { ".mts": ".mjs", ".mjs": ".mjs", ".cts": ".cjs", ".cjs": ".cjs" };

let failed = false;
compileFolder("");
process.exit(failed ? 1 : 0);

function compileFolder(folder) {
  for (const entry of fs.readdirSync(path.join(from, folder), { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      compileFolder(file);
    } else if (!/\.d\.[cm]?ts$/.test(file)) {
      compile(file);
    }
  }
}

function compile(file) {
  const ending = path.extname(file);
  const compiled = endings[ending] ?? fixed[ending];
  const target = path.join(into, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  if (compiled === undefined) {
    // Data beside the sources, such as JSON that they import.
    fs.copyFileSync(path.join(from, file), target);
    return;
  }
  try {
    write(file, target.slice(0, -ending.length) + compiled);
  } catch (error) {
    console.error(`${path.join(from, file)}: ${error.message}`);
    failed = true;
  }
}

function write(file, target) {
  const { code, map } = transformFileSync(path.join(from, file), { ...defaults(file), outputPath: path.resolve(target) });
  if (map === undefined) {
    fs.writeFileSync(target, code);
    return;
  }
  const name = `${path.basename(target)}.map`;
  fs.writeFileSync(target, `${code}//# sourceMappingURL=${name}\n`);
  fs.writeFileSync(`${target}.map`, map);
}

function defaults(file) {
  const ending = path.extname(file);
  const sourceFileName = path.relative(path.dirname(path.join(into, file)), path.join(from, file));
  if (hasOwn) {
    return { swcrc: true, sourceFileName };
  }
  const syntax = /ts/.test(ending) ? { syntax: "typescript", tsx: ending === ".tsx" } : { syntax: "ecmascript", jsx: true };
  const isCommon = ending === ".cts" || ending === ".cjs" || (ending in endings && !isModule);
  return {
    swcrc: false,
    sourceFileName,
    sourceMaps: true,
    jsc: { target: "es2022", parser: syntax },
    module: { type: isCommon ? "commonjs" : "es6" },
  };
}
