import { defineConfig } from "vite";

// The time of the build is written into the bundle, so that a new deployment shows.
export default defineConfig({
  define: { BUILT_AT: JSON.stringify(new Date().toISOString()) },
});
