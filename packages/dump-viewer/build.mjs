/**
 * Makes `dist/`: what the page runs, with the graph library in it, and its style. Both go into each page as text.
 */
import { buildSync } from 'esbuild'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

buildSync({
  absWorkingDir: here,
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
// The library's licence has to come with it.
const library = path.dirname(createRequire(import.meta.url).resolve('cytoscape'))
fs.copyFileSync(path.join(library, '../LICENSE'), path.join(here, 'dist/LICENSE-cytoscape'))
