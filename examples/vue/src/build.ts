/** What farm builds the application as; Vite alone does not know. */
export const version = typeof __BUILD_VERSION__ === "undefined" ? "unbuilt" : __BUILD_VERSION__;
