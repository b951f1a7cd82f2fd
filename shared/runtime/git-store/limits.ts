import { LIMITS } from '../../domain/limits.ts'
import type { GitStoreLimits } from './types.ts'

const MIB = 1024 * 1024

/** The store's bounds unless its maker says otherwise. */
export const gitStoreLimits: Readonly<GitStoreLimits> = Object.freeze({
  bundleBytes: LIMITS.frames.bundleBytes,
  changedFiles: 50_000,
  treeFiles: 500_000,
  fileBytes: 100 * MIB,
  pathBytes: LIMITS.tools.pathChars,
  pushBytes: LIMITS.http.gitBodyBytes,
  importBytes: 2_048 * MIB,
  importMs: LIMITS.project.cloneTimeoutMs,
  httpMs: 30 * 60_000,
  callMs: 2 * 60_000,
  diffFiles: LIMITS.diff.files,
  diffBytes: LIMITS.diff.bytes,
})
