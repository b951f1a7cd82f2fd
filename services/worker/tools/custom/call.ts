import { LIMITS } from '../../../../shared/domain/limits.ts'
import type { Route } from '../types.ts'
import type { CustomTool } from './catalogue.ts'

const { argumentBytes } = LIMITS.customTools

/**
 * A call of a project's tool as a command of the container, which gives output, exit line and limits as any: the script with the
 * arguments as JSON on its standard input. Arguments that do not fit the tool's schema are answered at once.
 */
export function routeCustomCall({ name, script, parameters, check }: CustomTool, args: unknown): Route {
  const json = JSON.stringify(args ?? {})
  if (Buffer.byteLength(json) > argumentBytes) {
    return refused(
      `the arguments of ${name} are larger than ${argumentBytes} bytes. Put them into a file and give its path.`,
    )
  }
  const faults = check(args ?? {})
  if (faults.length > 0) {
    const known = Object.keys((parameters.properties as object | undefined) ?? {}).join(', ') || 'none'
    return refused(
      `the arguments of ${name} are wrong: ${faults.join('; ')}. Its arguments are: ${known}. Correct them and call again.`,
    )
  }
  // JSON has no line of its own that could end the document early.
  const command = `${quoted(`./${script}`)} <<'ARGUMENTS'\n${json}\nARGUMENTS`
  return { where: 'container', name: 'bash', args: { command } }
}

const refused = (why: string): Route => ({ where: 'nowhere', error: `Error: ${why}` })

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
