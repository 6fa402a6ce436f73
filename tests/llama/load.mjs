// Loads a GGUF with llama.cpp, lets it go on with a text, and says what it found.
//
// usage: node load.mjs FILE
import { getLlama } from "node-llama-cpp";

const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, logLevel: "error" });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const context = await model.createContext({ contextSize: model.trainContextSize });
const sequence = context.getSequence();

let tokens = 0;
for await (const _ of sequence.evaluate(model.tokenize("ahoy"))) {
  tokens += 1;
  if (tokens === 4) break;
}

console.log(JSON.stringify({ vocabulary: model.fileInfo.metadata.tokenizer.ggml.tokens.length, context: model.trainContextSize, tokens }));
await llama.dispose();
