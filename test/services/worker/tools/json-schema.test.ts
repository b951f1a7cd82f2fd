import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { argumentsCheck, isWellFormed } from '../../../../services/worker/tools/json-schema.ts'
import { scale, seed } from '../../../support/scale.ts'

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })

function checked(schema: unknown, args: unknown): string[] {
  const made = argumentsCheck(schema)
  if (!made.ok) throw new Error(made.problem)
  return made.check(args)
}

describe('arguments', () => {
  test('are checked as the schema says', () => {
    const schema = object(
      {
        path: { type: 'string', minLength: 1, format: 'uri' },
        mode: { enum: ['fast', 'slow'] },
        sizes: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 3 },
        either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        nested: object({ deep: { type: ['number', 'boolean'] } }, { required: ['deep'], additionalProperties: false }),
      },
      { required: ['path'] },
    )
    const good = {
      path: 'no uri',
      mode: 'fast',
      sizes: [1, 2],
      either: null,
      nested: { deep: true },
      extra: { any: 1 },
    }
    expect(checked(schema, good)).toEqual([])
    expect(checked(schema, {})).toEqual([expect.stringMatching(/^path: /)])
    for (const [change, where] of [
      [{ path: '' }, 'path'],
      [{ mode: 'medium' }, 'mode'],
      [{ sizes: [1, 0] }, 'sizes.1'],
      [{ sizes: [1, 2, 3, 4] }, 'sizes'],
      [{ either: 5 }, 'either'],
      [{ nested: { deep: 'x' } }, 'nested.deep'],
      [{ nested: { deep: 1, more: 1 } }, 'nested'],
    ] as const) {
      expect(checked(schema, { ...good, ...change })).toEqual([expect.stringMatching(`^${where}: `)])
    }
    expect(checked(object({}, { additionalProperties: false }), { a: 1 })).toHaveLength(1)
  })

  test('are not weighed against a schema for longer than it takes to read them', () => {
    const wide = object({
      list: { type: 'array', items: { anyOf: Array.from({ length: 400 }, (_, n) => ({ const: n })) } },
    })
    expect(checked(wide, { list: Array.from({ length: 30_000 }, () => -1) })).toEqual([
      'arguments: they are too many values to be checked. Put them into a file and give its path',
    ])
  })
})

describe('a schema', () => {
  const nested = (depth: number): object => (depth === 0 ? { type: 'string' } : object({ a: nested(depth - 1) }))
  test.each<[string, unknown, string]>([
    ['of no object', { type: 'array' }, 'type "object"'],
    ['that is none', 'object', 'type "object"'],
    [
      'with a regular expression',
      object({ a: { type: 'string', pattern: '(a+)+$' } }),
      'parameters.properties.a.pattern',
    ],
    ['with names by regular expression', object({}, { patternProperties: { '(a+)+$': true } }), 'patternProperties'],
    ['that refers to itself', object({ a: { $ref: '#' } }), 'parameters.properties.a.$ref'],
    ['with conditions', object({ a: object({}, { if: {}, else: {} }) }), 'parameters.properties.a.if'],
    ['with a condition at the top', { type: 'object', anyOf: [{ required: ['a'] }] }, 'not all models take it'],
    ['with a name that providers refuse', object({ 'a b': {} }), '"a b"'],
    ['with an unknown type', object({ a: { type: 'date' } }), 'parameters.properties.a.type'],
    ['with properties that are no schema', object({ a: 1 }), 'parameters.properties.a is no JSON schema'],
    ['with objects as values', object({ a: { enum: [{}] } }), 'lists objects as values'],
    ['that names a prototype', JSON.parse('{"type":"object","properties":{"__proto__":{}}}'), '__proto__'],
    ['with a prototype below', JSON.parse('{"type":"object","properties":{"a":{"__proto__":{}}}}'), '__proto__'],
    ['nested too deep', nested(13), 'nested more than 12 levels deep'],
    [
      'of too many parts',
      object(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`p${n}`, {}]))),
      'more than 500',
    ],
  ])('%s is refused, with the reason', (_name, schema, reason) => {
    expect(argumentsCheck(schema)).toEqual({ ok: false, problem: expect.stringContaining(reason) })
  })

  test('of a server may say more, as only the server checks it', () => {
    expect(
      isWellFormed(object({ a: { type: 'string', pattern: '^a' }, b: { $ref: '#/$defs/b' } }, { $defs: { b: {} } })),
    ).toBe(true)
    expect(isWellFormed(object({ a: { $ref: 'https://example.com/a.json' } }))).toBe(false)
    expect(isWellFormed(object({ a: { type: 'banana' } }))).toBe(false)
  })

  test('whatever it is, breaks nothing', () => {
    const keyword = fc.constantFrom(
      ...[
        'type',
        'properties',
        'required',
        'items',
        'anyOf',
        'allOf',
        'oneOf',
        'enum',
        'const',
        'additionalProperties',
      ],
      ...[
        'minimum',
        'maxLength',
        'minItems',
        'uniqueItems',
        'contains',
        'propertyNames',
        'default',
        'format',
        '$schema',
      ],
    )
    const { schema } = fc.letrec(tie => ({
      schema: fc.dictionary(
        keyword,
        fc.oneof(fc.constantFrom('object', 'string', 'array', 3, -1, null, true), tie('value')),
        {
          maxKeys: 5,
        },
      ),
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.jsonValue({ maxDepth: 1 }),
        tie('schema'),
        fc.array(tie('schema'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'constructor', 'toString'), tie('schema'), { maxKeys: 3 }),
      ),
    }))
    let usable = 0
    fc.assert(
      fc.property(schema, fc.jsonValue({ maxDepth: 3 }), (made, args) => {
        const check = argumentsCheck({ ...(made as object), type: 'object' })
        isWellFormed(made)
        if (!check.ok) return check.problem.length > 0
        usable++
        return check.check(args).every(fault => typeof fault === 'string')
      }),
      { numRuns: scale(20_000), seed: seed() },
    )
    expect(usable).toBeGreaterThan(scale(20_000) / 20)
  })
})
