import { z } from 'zod'
import { LIMITS } from '../../../shared/domain/limits.ts'

type Schema = Record<string, unknown>

const { schemaNodes, schemaDepth } = LIMITS.customTools
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'])
/** Keywords that hold one schema, a list of schemas, or named schemas. */
const ONE = ['items', 'additionalProperties', 'contains', 'propertyNames', 'additionalItems', 'not'] as const
const LIST = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const
const NAMED = ['properties', '$defs', 'definitions'] as const
/** What would let a schema say more than its size, or make it take longer to check than it is long. */
const UNCHECKABLE = ['$ref', '$dynamicRef', 'pattern', 'patternProperties', 'unevaluatedProperties', 'unevaluatedItems']
const CONDITIONAL = ['if', 'then', 'else', 'dependentSchemas', 'dependentRequired', 'dependencies']

/** Most values of the arguments times schemas that they are checked against. */
const COMPARISONS = 250_000

/** A schema that others wrote cannot be used; the message says where and why. */
class Fault extends Error {}

/** Checks arguments. Gives what is wrong with each, or an empty list. */
export type CheckArguments = (args: unknown) => string[]

/**
 * Makes the check of a tool's arguments from a JSON schema that others wrote: of an object, of bounded size, and without
 * references, regular expressions and conditions, so that no schema can hold up the worker. Where it says more, it is refused.
 */
export function argumentsCheck(schema: unknown): { ok: true; check: CheckArguments } | { ok: false; problem: string } {
  try {
    const nodes = requireWellFormed(schema, { strict: true })
    const converted = z.fromJSONSchema(withoutFormats(schema), { registry: z.registry() })
    return {
      ok: true,
      check: args =>
        valuesIn(args) * nodes > COMPARISONS
          ? ['arguments: they are too many values to be checked. Put them into a file and give its path']
          : faultsOf(converted, args),
    }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Whether every provider can be expected to take the schema: one that is not well-formed makes it refuse the whole request. */
export function isWellFormed(schema: unknown): boolean {
  try {
    requireWellFormed(schema, { strict: false })
    return true
  } catch {
    return false
  }
}

/** @returns the number of schemas in it. @throws Fault */
function requireWellFormed(schema: unknown, { strict }: { strict: boolean }): number {
  if (!isRecord(schema) || schema.type !== 'object')
    throw new Fault('parameters must be a JSON schema of type "object"')
  requireForProviders(schema)
  let nodes = 0
  const queue: Child[] = [{ node: schema, path: 'parameters', depth: 0 }]
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { node, path, depth } = next
    if (typeof node === 'boolean') continue
    if (!isRecord(node)) throw new Fault(`${path} is no JSON schema`)
    nodes++
    if (nodes > schemaNodes) throw new Fault(`parameters hold more than ${schemaNodes} schemas`)
    if (depth > schemaDepth) throw new Fault(`${path} is nested more than ${schemaDepth} levels deep`)
    requireKeywords(node, path, strict)
    queue.push(...childrenOf(node, path, depth + 1))
  }
  return nodes
}

interface Child {
  node: unknown
  path: string
  depth: number
}

function childrenOf(node: Schema, path: string, depth: number): Child[] {
  const children: Child[] = []
  const add = (child: unknown, name: string) => children.push({ node: child, path: `${path}.${name}`, depth })
  for (const keyword of ONE) {
    const value = node[keyword]
    // A tuple, as older drafts have it.
    if (keyword === 'items' && Array.isArray(value)) for (const [n, each] of value.entries()) add(each, `items.${n}`)
    else if (value !== undefined) add(value, keyword)
  }
  for (const keyword of LIST) {
    const value = node[keyword]
    if (value === undefined) continue
    if (!Array.isArray(value) || value.length === 0) throw new Fault(`${path}.${keyword} is no list of schemas`)
    for (const [n, each] of value.entries()) add(each, `${keyword}.${n}`)
  }
  for (const keyword of NAMED) {
    const value = node[keyword]
    if (value === undefined) continue
    if (!isRecord(value)) throw new Fault(`${path}.${keyword} must name schemas`)
    requireOwnNames(value, `${path}.${keyword}`)
    for (const [name, each] of Object.entries(value)) add(each, `${keyword}.${name}`)
  }
  return children
}

/** What some provider refuses at the top of a schema, and the whole request with it. */
function requireForProviders(schema: Schema): void {
  for (const keyword of LIST) {
    if (schema[keyword] !== undefined)
      throw new Fault(`parameters.${keyword} cannot stand at the top: not all models take it`)
  }
  for (const name of Object.keys((schema.properties as object | undefined) ?? {})) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
      throw new Fault(
        `parameters.properties has the name ${JSON.stringify(name.slice(0, 80))}: use up to 64 letters, digits, _, . and -`,
      )
    }
  }
}

/** Anything that copies such a key by assigning it would change an object's prototype. */
function requireOwnNames(node: Schema, path: string): void {
  if (Object.hasOwn(node, '__proto__')) throw new Fault(`${path} names __proto__`)
}

function requireKeywords(node: Schema, path: string, strict: boolean): void {
  requireOwnNames(node, path)
  const { type, required, enum: values } = node
  const types = Array.isArray(type) ? type : [type]
  if (type !== undefined && (types.length === 0 || !types.every(each => TYPES.has(each as string)))) {
    throw new Fault(`${path}.type is not a type of JSON schema`)
  }
  if (required !== undefined && !(Array.isArray(required) && required.every(name => typeof name === 'string'))) {
    throw new Fault(`${path}.required must be a list of names`)
  }
  if (values !== undefined && !(Array.isArray(values) && values.length > 0)) {
    throw new Fault(`${path}.enum must be a list of values`)
  }
  if (!strict) {
    if (typeof node.$ref === 'string' && !node.$ref.startsWith('#')) throw new Fault(`${path} refers to another file`)
    return
  }
  for (const keyword of [...UNCHECKABLE, ...CONDITIONAL]) {
    if (node[keyword] !== undefined) {
      throw new Fault(`${path}.${keyword} is not supported: say it in a description and check it in the script`)
    }
  }
  const constants = [...((values as unknown[] | undefined) ?? []), ...('const' in node ? [node.const] : [])]
  if (constants.some(value => typeof value === 'object' && value !== null)) {
    throw new Fault(`${path} lists objects as values, which is not supported`)
  }
}

/** A format is a remark, as JSON schema has it: checking it would take regular expressions. */
const withoutFormats = (schema: unknown): Parameters<typeof z.fromJSONSchema>[0] =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === 'format' && typeof value === 'string' ? undefined : value,
  )

function valuesIn(value: unknown): number {
  let count = 0
  const queue = [value]
  while (queue.length > 0) {
    const next = queue.pop()
    count++
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) queue.push(child)
  }
  return count
}

function faultsOf(schema: z.ZodType, args: unknown): string[] {
  try {
    const parsed = schema.safeParse(args)
    if (parsed.success) return []
    return parsed.error.issues.slice(0, 10).map(({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`)
  } catch (error) {
    // Branches of allOf that accept a value and make different ones of it.
    return [`arguments: ${error instanceof Error ? error.message : String(error)}`]
  }
}

const isRecord = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
