// Checked by `tsc`: the types of `hot-hook/internal` are those of what it exports.
import { findViewer, isFoundSafely, isInstalled, shown, snapshot, visible, visibleJson, visibleLines, watchFiles, Watcher, watchProject, type Found, type MissingPackage } from 'hot-hook/internal'
import * as implementation from '../../lib/internal.mjs'

export const declared: typeof import('hot-hook/internal') = implementation
export const exported: typeof implementation = declared

const missing: MissingPackage = { importer: '/app/main.mjs', specifier: 'left', required: false }
const found = ({ paths, early, problems }: Found): unknown[] => [paths.map((path) => path.length), early, problems]
const watchers: Watcher[] = [watchFiles(['/app/.env'], found), watchProject('{}', '/app', ['/app/dist'], Date.now(), found)]
const texts: string[] = [visible(1), visibleLines(new Error('x')), visibleJson({}), findViewer('/app', import.meta.url), ...shown(['/app/a.mjs'])]
const json: string | undefined = snapshot()
const answers: boolean[] = [isInstalled(missing), isFoundSafely('/a', 'a', '/', 1000)]
watchers[0].stop()
// @ts-expect-error a list is meant
watchFiles('/app/.env', found)
// @ts-expect-error no such export
import { nonsense } from 'hot-hook/internal'
export const all = [texts, json, answers, nonsense]
