/// <reference types="vite/client" />

/** Put in by farm: the version of this build. */
declare const __BUILD_VERSION__: string;
/** Put in by farm: `production`, `staging`, `development`, … */
declare const __ENVIRONMENT__: string;
