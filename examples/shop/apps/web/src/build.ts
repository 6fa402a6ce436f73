// What this build is. Vite's own development server knows neither name, hence the guards.

export const buildVersion = typeof __BUILD_VERSION__ === "undefined" ? "unbuilt" : __BUILD_VERSION__;
export const environment = typeof __ENVIRONMENT__ === "undefined" ? "local" : __ENVIRONMENT__;
