// What picomatch says, as hot-hook 1.0 asked it: for each line `["pattern", "path"]` on standard input, `true` or `false`.
import path from 'node:path'
import { createInterface } from 'node:readline'
import picomatch from 'picomatch'

for await (const line of createInterface({ input: process.stdin })) {
  const [pattern, file] = JSON.parse(line)
  const resolved = pattern.startsWith('**') ? pattern : path.posix.resolve('/top/project', pattern)
  console.log(picomatch(resolved, { dot: true, posixSlashes: true })(file))
}
