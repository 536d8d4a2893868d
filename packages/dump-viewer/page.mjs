/**
 * The page: one file that loads nothing else, and forbids it by its Content-Security-Policy.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'

/** The snapshot of an empty graph. */
export const EMPTY = '{"modules":[],"edges":[]}'

/** @type {{ script: string, style: string, scriptHash: string, styleHash: string } | undefined} */
let parts

/** @param {string} name */
function read(name) {
  try {
    return fs.readFileSync(new URL(`dist/${name}`, import.meta.url), 'utf8')
  } catch (cause) {
    throw new Error(`@hot-hook/dump-viewer is not built (dist/${name} cannot be read): run \`node scripts/setup.mjs\` in its repository`, { cause })
  }
}

/** @param {string} text */
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

function load() {
  const [script, style] = [read('page.js'), read('style.css')]
  // Only in strings and patterns can either stand, and there it means the same.
  const safe = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  return { script: safe, style, scriptHash: hash(safe), styleHash: hash(style) }
}

/** What is in a data block must not end it, nor begin a comment. @param {string} json */
const inert = (json) => json.replaceAll('<', '\\u003c')

/** What the page may connect to. @param {string | undefined} events */
function connections(events) {
  if (events === undefined) return `'none'`
  return /^https?:\/\//i.test(events) ? new URL(events).origin : `'self'`
}

const STATES = [
  ['hot', '● hot'],
  ['cold', '■ cold'],
  ['declined', '▲ declined'],
  ['ignored', '◆ ignored'],
]

/**
 * @param {string} picture as JSON
 * @param {string} [events] where the page hears what happens
 * @param {string[]} [own] the folders of our own packages, as the snapshot has them, where they are linked
 */
export function createPage(picture, events, own = []) {
  parts ??= load()
  const { script, style, scriptHash, styleHash } = parts
  const policy = [
    `default-src 'none'`,
    `script-src ${scriptHash}`,
    // The second is that of nothing: of the element by which the graph library would bring its own.
    `style-src ${styleHash} ${hash('')}`,
    `connect-src ${connections(events)}`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ')
  const given = `{"picture":${picture}${events === undefined ? '' : `,"events":${JSON.stringify(events)}`}${own.length > 0 ? `,"own":${JSON.stringify(own)}` : ''}}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>hot-hook: import graph</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<style id="__________cytoscape_stylesheet"></style>
</head>
<body>
<header>
<h1>Import graph</h1>
<div class="searching">
<label class="unseen" for="search">Search by path</label>
<input id="search" type="search" placeholder="Search by path" autocomplete="off" spellcheck="false">
<ul id="results" aria-label="Found" hidden></ul>
</div>
<fieldset id="states"><legend class="unseen">Show</legend>
${STATES.map(([state, label]) => `<label class="state ${state}"><input type="checkbox" id="state-${state}" checked> ${label}</label>`).join('\n')}
</fieldset>
<label><span class="unseen">Folder</span><select id="folder"><option value="">all folders</option></select></label>
<label><span class="unseen">Only</span><select id="only">
<option value="">all modules</option>
<option value="root">▶ roots</option>
<option value="boundary">⇥ boundaries</option>
<option value="accepts">↻ self-accepting</option>
<option value="changed">✎ changed</option>
</select></label>
<span><button id="fold" type="button">Fold all</button> <button id="unfold" type="button">Unfold all</button> <button id="fit" type="button">Fit</button> <button id="view" type="button">List</button></span>
<span id="count"></span>
</header>
<main aria-label="Modules">
<ul id="list" aria-label="Modules and folders"></ul>
<div id="graph" role="application" tabindex="0" aria-label="Import graph" aria-describedby="keys"></div>
<p id="keys" class="unseen">Arrow left: what imports this. Arrow right: what it imports. Arrow up and down: beside it. Enter: unfold. Plus, minus and 0: zoom. Escape: choose nothing. All that is drawn is told in the details, and can be searched.</p>
<details id="legend"><summary>Legend</summary>
<ul class="key">
<li>Left to right: from the roots to what they import</li>
<li>● hot: a save reloads it</li>
<li>■ cold: a save asks for a restart</li>
<li>▲ declined: something above it declines, so a save asks for a restart</li>
<li>◆ ignored: a save does nothing</li>
<li>✗ red: it has failed, until it is mended</li>
<li>▶ root, double border; ⇥ boundary, dashed border; ↻ accepts itself, dotted border; ✖ declines; 1× taken once: its importer keeps what it got; ✎3 version 3</li>
<li>Lines: solid static, dashed import(), dotted require; thick and orange if hot; ending in a bar if accepted</li>
<li>Of what is chosen: the thick blue line makes it cold; a save invalidates upwards along the thick dashed orange one</li>
<li>What has a shadow is a folder of so many modules, or so many packages (◐: of several states): double-click or Enter unfolds it</li>
<li>Bold with ✎: changed; a yellow glow: the last save runs it again</li>
</ul>
</details>
</main>
<aside id="panel" aria-label="Details" tabindex="0"></aside>
<section id="timeline" aria-label="Timeline" tabindex="0" hidden><h2>Timeline</h2> <span id="connection" role="status">connecting</span><div role="log" aria-label="What has happened, newest first"><ol id="log"></ol></div></section>
<p id="status" class="unseen" role="status"></p>
<script type="application/json" id="given">${inert(given)}</script>
<script>${script}</script>
</body>
</html>
`
}
