// Checked by `tsc`: `import.meta.hot`, and that its types merge with those of other packages. How a project gets them is
// checked by types.test.mjs.

declare global {
  interface ImportMeta {
    readonly env: Record<string, string>
  }
  interface ImportMetaHot {
    /** As another package might add it. */
    readonly extra?: number
  }
}

export const merged: [string, Record<string, string>, number | undefined] = [
  import.meta.url,
  import.meta.env,
  import.meta.hot?.extra,
]

export const module = await import('./public.js', import.meta.hot?.boundary)
export const { node } = module

if (import.meta.hot) {
  const timer = setInterval(() => {}, 1000)
  import.meta.hot.dispose(() => clearInterval(timer))
  import.meta.hot.dispose(async () => {})
  import.meta.hot.decline()
  const isTrue: 'true' = import.meta.hot.boundary.with.hot
  console.log(isTrue)
}

// What is accepted is typed by what it exports.
import.meta.hot?.accept<typeof import('./public.js')>('./public.js', ({ node }) => node.path)
import.meta.hot?.accept<typeof import('./import-meta.js')>(({ merged }) => merged.length)
import.meta.hot?.accept<[typeof import('./public.js'), typeof import('./import-meta.js')]>(['./public.js', './import-meta.js'], ([first, second]) => [first?.node, second?.merged])
import.meta.hot?.accept<typeof import('./public.js')>(['./public.js'], ([first]) => first?.node)
import.meta.hot?.accept(['./public.js'], ([first]) => first?.anything())
// @ts-expect-error no such export
import.meta.hot?.accept<typeof import('./public.js')>('./public.js', ({ nothing }) => nothing)
// @ts-expect-error it may not have changed
import.meta.hot?.accept<[typeof import('./public.js')]>(['./public.js'], ([first]) => first.node)

// @ts-expect-error it is undefined when hot-hook is not enabled
import.meta.hot.decline()
// @ts-expect-error it cannot be replaced
import.meta.hot = undefined
// @ts-expect-error a callback
import.meta.hot?.dispose()
// @ts-expect-error a function
import.meta.hot?.dispose('close')
// @ts-expect-error there is no such function
import.meta.hot?.reload()
