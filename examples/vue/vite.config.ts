import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  // Pictures stay files of their own, so that a browser keeps them when the scripts change.
  build: { assetsInlineLimit: 0 },
});
