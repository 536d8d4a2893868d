// What Node says of paths and URLs: for each line `{"path": …}` its URL, for each `{"url": …}` the URL as Node writes it and its path.
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** @param {string} url */
function toPath(url) {
  try {
    return fileURLToPath(url)
  } catch {
    return null
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, url } = JSON.parse(line)
  const href = url === undefined ? pathToFileURL(path).href : new URL(url).href
  console.log(JSON.stringify([href, toPath(href)]))
}
