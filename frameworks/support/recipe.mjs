/**
 * The recipes in docs/recipes: their tests run what stands on the page.
 */
import fs from 'node:fs'

/** The page's blocks of code. */
const BLOCK = /^```(\w+)\n([^]*?)^```$/gm
/** Their first line names the file, as a comment of whatever language it is; that of `json` is package.json. */
const NAME = /^(?:\/\/|#|<!--) file: (\S+)(?: -->)?\n/

/**
 * What a recipe says: its files, the packages that it installs, and Node's arguments to start it. To be spread into the
 * options of `start`.
 *
 * @param {string} name of the page, without `.md`
 */
export function recipe(name) {
  const page = `docs/recipes/${name}.md`
  const text = fs.readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
  /** @type {Record<string, string>} */
  const files = {}
  /** @type {Record<string, string>} */
  const packages = {}
  /** @type {string[] | undefined} */
  let args
  let manifest = {}
  for (const [, language, code] of text.matchAll(BLOCK)) {
    if (language === 'json') manifest = JSON.parse(code)
    else if (language === 'sh') {
      for (const [, words] of code.matchAll(/^npm install (.+)$/gm)) Object.assign(packages, versions(words.split(' ')))
      args ??= /^node (.+)$/m.exec(code)?.[1].split(' ')
    } else {
      const file = NAME.exec(code)?.[1]
      if (!file) throw new Error(`${page}: a block does not begin with "// file: NAME":\n${code}`)
      files[file] = code
    }
  }
  if (!args) throw new Error(`${page} has no line "node …" in a block of sh`)
  files['package.json'] = JSON.stringify({ type: 'module', ...manifest })
  return { files, packages, args, env: { PORT: '0' } }
}

/** `express@5` → `{ express: '5' }`. Options, and hot-hook itself, which is the one that is tested, are left out. @param {string[]} words */
function versions(words) {
  const named = words.filter((word) => !word.startsWith('-') && word !== 'hot-hook')
  return Object.fromEntries(
    named.map((word) => {
      const [, name, version] = /^(.+)@([^@]+)$/.exec(word) ?? []
      if (!name) throw new Error(`a recipe installs ${word} without a version`)
      return [name, version]
    }),
  )
}
