import fs from 'node:fs'

const file = new URL('./tasks.html', import.meta.url)
const template = fs.readFileSync(file, 'utf8')
// The template is read once; a save of it counts as a save of this module.
import.meta.hot?.watch(file)

const escape = (text) => text.replace(/[&<>]/g, (character) => `&#${character.codePointAt(0)};`)

export const render = (tasks) => template.replace('{{tasks}}', () => tasks.map((task) => `<li>${escape(task)}</li>`).join('\n  '))
