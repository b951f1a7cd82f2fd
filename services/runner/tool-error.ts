/** A call that cannot be done as asked. The message says what was wrong and what to do; the model reads it after `Error: `. */
export class ToolError extends Error {
  override name = 'ToolError'
}

const ADVICE: Record<string, string> = {
  ENOSPC: 'there is no space left in the work tree. Delete files that are not needed and try again.',
  EDQUOT: 'there is no space left in the work tree. Delete files that are not needed and try again.',
  EACCES: 'permission denied. Change the mode of the file or folder with chmod and try again.',
  EPERM: 'not permitted. Choose another file.',
  EISDIR: 'that is a folder. Give the path of a file.',
  ENOTDIR: 'a part of the path is a file, not a folder. Correct the path.',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one.',
  EMFILE: 'too many open files. Try again.',
  EAGAIN: 'the limit of processes is reached. Try again.',
  ENOMEM: 'there is not enough memory. Try again with less.',
  E2BIG: 'the command is too long. Write it to a file with write_file and run that file.',
}

/** The result that stands for a failed call, whatever was thrown. */
export function errorResult(error: unknown): string {
  if (error instanceof ToolError) return `Error: ${error.message}`
  const code = (error as NodeJS.ErrnoException)?.code
  if (code && ADVICE[code]) return `Error: ${ADVICE[code]}`
  return `Error: the tool failed: ${error instanceof Error ? error.message : String(error)}. Try another way.`
}
