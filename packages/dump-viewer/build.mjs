/**
 * Makes `dist/`: what the page runs, with the graph library in it, and its style. Both go into each page as text.
 */
import { buildSync } from 'esbuild'
import { fileURLToPath } from 'node:url'

buildSync({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: { page: 'page/main.mjs', style: 'page/style.css' },
  outdir: 'dist',
  bundle: true,
  format: 'iife',
  minify: true,
  target: ['es2022'],
  charset: 'ascii',
  legalComments: 'inline',
  logLevel: 'warning',
})
