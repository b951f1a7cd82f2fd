/** The files of a project: so many modules of one line each. */
export const sourceFiles = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`src/file-${index}.ts`, `export const n = ${index}\n`]),
  )
