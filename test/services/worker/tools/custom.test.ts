import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { draft } from '../../../support/engine.ts'
import { type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { file, plan, sh } from '../../../support/runbook.ts'
import { openShop } from '../run/support.ts'
import { call, listed, makeCalls, manifest, resultsIn } from './support.ts'

const model = 'openai-compatible:scripted'
const requests: ScriptedRequest[] = []
const shop = openShop(async stage => {
  const provider = await startProvider(async request => {
    requests.push(request)
    return makeCalls(request)
  })
  stage.onEnd(provider.close)
  return provider.config
})

const COUNT = {
  name: 'count_words',
  description: 'Counts the words of a text.',
  parameters: {
    type: 'object',
    properties: { text: { type: 'string', minLength: 1 }, times: { type: 'integer', minimum: 1 } },
    required: ['text'],
    additionalProperties: false,
  },
}
const SCRIPT = `#!/usr/bin/env node
let text = ''
for await (const chunk of process.stdin) text += chunk
const args = JSON.parse(text)
console.log(args.text.split(' ').length * (args.times ?? 1))
`

async function results(id: string) {
  const { row, db } = shop()
  const { threadId } = await row(id)
  return resultsIn(await db.prisma.message.findMany({ where: { threadId, role: 'tool' }, orderBy: { seq: 'asc' } }))
}

describe('a tool of the project', { concurrent: true, timeout: 200_000 }, () => {
  test('is made by the agent, used in the same run, part of the work, and there for later runs', async () => {
    const { accepted, until, store, changed, startApplies } = shop()
    await startApplies().catch(() => {})
    const { project, ids } = await accepted([
      draft('make', [], {
        plan: plan(
          call('tool_create', { ...COUNT, script: SCRIPT }),
          call('count_words', { text: "it's a test", times: 2 }),
          call('tool_list_custom'),
        ),
      }),
    ])
    const done = await until(ids[0]!, 'ready')
    const [made, used, listed] = await results(ids[0]!)
    expect(made?.text).toBe('The tool count_words (.slipway/tools/count_words) can be called from your next reply on.')
    expect(used).toMatchObject({ name: 'count_words', text: expect.stringMatching(/^6\n\[exit 0, \d+\.\ds\]$/) })
    expect(listed?.text).toContain('count_words (.slipway/tools/count_words): Counts the words of a text.')
    expect(listed?.text).toContain('"minLength":1')
    expect(await changed(project.id, done.baseSha!, done.headSha!)).toEqual([
      '+.slipway/tools/count_words',
      '+.slipway/tools/count_words.json',
    ])

    await store.requestApply(ids[0]!)
    await until(ids[0]!, 'done')
    const [later] = await store.createDrafts(project.id, [
      draft('later', [], { plan: call('count_words', { text: 'one two' }) }),
    ])
    await store.accept(project.id)
    await until(later!, 'ready')
    expect((await results(later!))[0]?.text).toMatch(/^2\n\[exit 0/)
  })

  test('is a script that lies in the project, once it is registered', async () => {
    const { accepted, until, changed } = shop()
    const tool = { ...COUNT, name: 'shout', parameters: { type: 'object' } }
    const { project, ids } = await accepted([
      draft('register', [], {
        plan: plan(
          file(`"scripts/it's loud.sh"`, 'tr a-z A-Z; echo oops >&2'),
          call('tool_register', { ...tool, path: "scripts/it's loud.sh" }),
          call('shout', { word: 'straße $HOME `id` \\ \' " ARGUMENTS' }),
        ),
      }),
    ])
    const done = await until(ids[0]!, 'ready')
    const [, registered, used] = await results(ids[0]!)
    expect(registered?.text).toContain("The tool shout (scripts/it's loud.sh) can be called")
    expect(used?.text).toMatch(/^\{"WORD":"STRAßE \$HOME `ID` \\\\ ' \\" ARGUMENTS"\}\noops\n\[exit 0/)
    expect(await changed(project.id, done.baseSha!, done.headSha!)).toContain('+.slipway/tools/shout.json')
  })

  test('is offered with its schema', async () => {
    const { accepted, until } = shop()
    const files = { '.slipway/tools/greet.json': manifest('greet'), '.slipway/tools/greet': 'echo hello' }
    const { ids } = await accepted([draft('offered', [], { model })], { files })
    await until(ids[0]!, 'ready')
    const offered = (requests.at(-1)!.body.tools as { function: { name: string } }[]).find(
      tool => tool.function.name === 'greet',
    )
    expect(offered?.function).toMatchObject({
      description: 'Does greet.',
      parameters: { type: 'object', properties: { word: { type: 'string' } } },
    })
  })

  test('fails as a command does, and answers wrong arguments with what is wrong', async () => {
    const { accepted, until } = shop()
    const files = {
      '.slipway/tools/fail.json': manifest('fail', { parameters: COUNT.parameters }),
      '.slipway/tools/fail': 'head -c 200000 /dev/zero | tr "\\0" x; exit 7',
    }
    const { ids } = await accepted(
      [
        draft('wrong', [], { plan: call('fail', { text: '', more: 1 }) }),
        draft('failing', [], { plan: plan(sh('chmod +x .slipway/tools/fail'), call('fail', { text: 'x' })) }),
      ],
      { files },
    )
    await until(ids[0]!, 'failed')
    expect((await results(ids[0]!))[0]?.text).toMatch(
      /^Error: the arguments of fail are wrong: .*text: .*Its arguments are: text, times\. Correct them and call again\.$/s,
    )
    await until(ids[1]!, 'failed')
    const [, failed] = await results(ids[1]!)
    expect(failed?.text.replace(/x{1000,}/g, 'X')).toMatch(/^X\n\[… .*bytes left out.*\]\nX\n\[exit 7, /)
  })
})

describe('what the repository says of tools', { concurrent: true, timeout: 200_000 }, () => {
  test('breaks no run: what cannot be used is named with the reason', async () => {
    const { accepted, until } = shop()
    const bad = (name: string, more: object) => ({ [`.slipway/tools/${name}.json`]: manifest(name, more) })
    const { ids } = await accepted(
      [
        draft('list', [], {
          plan: plan(
            sh('cd .slipway/tools; ln -s /etc/passwd link.json; mkfifo pipe.json; mkdir folder.json; chmod +x good'),
            call('tool_list_custom'),
            call('good', { word: 'x' }),
          ),
        }),
      ],
      {
        files: {
          '.slipway/tools/good.json': manifest('good'),
          '.slipway/tools/good': 'cat',
          '.slipway/tools/no_json.json': '{"name": ',
          '.slipway/tools/list.json': '[]',
          '.slipway/tools/null.json': 'null',
          '.slipway/tools/large.json': manifest('large', { description: 'x'.repeat(20_000) }),
          '.slipway/tools/other.json': manifest('good'),
          ...bad('bash', { script: '.slipway/tools/good' }),
          ...bad('mcp_x_y', { script: '.slipway/tools/good' }),
          ...bad('Upper', { script: '.slipway/tools/good' }),
          ...bad('missing', { script: 'not/there' }),
          ...bad('outside', { script: '../../etc/passwd' }),
          ...bad('absolute', { script: '/bin/sh' }),
          ...bad('folder_script', { script: '.slipway' }),
          ...bad('no_schema', { script: '.slipway/tools/good', parameters: { type: 'string' } }),
          ...bad('pattern', {
            script: '.slipway/tools/good',
            parameters: { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } },
          }),
          ...bad('ref', {
            script: '.slipway/tools/good',
            parameters: { type: 'object', properties: { a: { $ref: '#' } } },
          }),
          ...bad('more', { script: '.slipway/tools/good', extra: 1 }),
          '.slipway/tools/proto.json': manifest('proto', { script: '.slipway/tools/good' }).replace(
            '"word"',
            '"__proto__"',
          ),
        },
      },
    )
    await until(ids[0]!, 'ready')
    const [, listed, used] = await results(ids[0]!)
    expect(used?.text).toMatch(/^\{"word":"x"\}\n\[exit 0/)
    const text = listed?.text ?? ''
    expect(text.split('\n').slice(0, 2)).toEqual([
      'good (.slipway/tools/good): Does good.',
      '  arguments: {"type":"object","properties":{"word":{"type":"string"}}}',
    ])
    const reasons = Object.fromEntries(
      [...text.matchAll(/^\[cannot be used: ([^:]+): (.*)\]$/gm)].map(([, name, why]) => [name, why]),
    )
    expect(reasons).toMatchObject({
      'Upper.json': expect.stringContaining('must be lower case'),
      'absolute.json': expect.stringContaining('outside of the work tree'),
      'bash.json': 'bash is the name of a built-in tool',
      'mcp_x_y.json': 'names that begin with mcp_ belong to MCP servers',
      'folder.json': 'it is not a regular file',
      'folder_script.json': expect.stringContaining('is not a regular file'),
      'large.json': 'it is larger than 12 KB',
      'link.json': 'it is a link, not a file',
      'list.json': expect.stringContaining('expected object'),
      'missing.json': 'there is no script not/there. Write it first.',
      'more.json': expect.stringContaining('extra'),
      'no_json.json': expect.stringContaining('not valid JSON'),
      'no_schema.json': expect.stringContaining('JSON schema of type "object"'),
      'null.json': expect.stringContaining('expected object'),
      'other.json': 'the tool good must stand in good.json',
      'outside.json': expect.stringContaining('outside of the work tree'),
      'pattern.json': expect.stringContaining('pattern is not supported'),
      'pipe.json': 'it is not a regular file',
      'proto.json': expect.stringContaining('__proto__'),
      'ref.json': expect.stringContaining('$ref is not supported'),
    })
  })

  test('is bounded in number', async () => {
    const { accepted, until } = shop()
    const names = Array.from({ length: LIMITS.customTools.tools + 3 }, (_, n) => `tool_${String(n).padStart(2, '0')}`)
    const files = Object.fromEntries(
      names.map(name => [`.slipway/tools/${name}.json`, manifest(name, { script: 'run.sh' })]),
    )
    const { ids } = await accepted(
      [draft('many', [], { plan: plan(call('tool_list_custom'), call('tool_create', { ...COUNT, script: 'true' })) })],
      { files: { ...files, 'run.sh': 'true' } },
    )
    await until(ids[0]!, 'failed')
    const [listed, created] = await results(ids[0]!)
    expect(listed?.text).toContain('tool_31 (run.sh)')
    expect(listed?.text).not.toContain('tool_32 (run.sh)')
    expect(listed?.text).toContain('3 more are left out: a project may have 32 tools')
    expect(created?.text).toBe(
      'Error: the project has 32 tools, the most that it may have. Remove one that is not needed first.',
    )
  })

  test('leads tool_create and tool_register nowhere else', async () => {
    const { accepted, until, changed } = shop()
    const refused: [string, object, string][] = [
      ['tool_create', { ...COUNT, name: 'bash', script: 'true' }, 'bash is the name of a built-in tool'],
      ['tool_create', { ...COUNT, name: 'mcp_a_b', script: 'true' }, 'belong to MCP servers'],
      ['tool_create', { ...COUNT, name: '../evil', script: 'true' }, 'name: must be lower case letters'],
      ['tool_create', { ...COUNT, parameters: [], script: 'true' }, 'parameters'],
      [
        'tool_create',
        { ...COUNT, parameters: { type: 'object', properties: { a: 1 } }, script: 'true' },
        'is no JSON schema',
      ],
      ['tool_register', { ...COUNT, path: '/bin/sh' }, 'outside of the work tree'],
      ['tool_register', { ...COUNT, path: '../../bin/sh' }, 'outside of the work tree'],
      ['tool_register', { ...COUNT, path: 'no/such' }, 'there is no script no/such'],
      ['tool_register', { ...COUNT, path: 'out' }, 'outside of the work tree'],
      ['tool_create', { ...COUNT, script: 'true' }, 'outside of the work tree'],
    ]
    const bash = (command: string) => ({ name: 'bash', args: { command } })
    const calls = refused.map(([name, args]) => ({ name, args }))
    // The last of them meets a folder for tools that leads out of the work tree.
    calls.splice(-1, 0, bash('mkdir .slipway; ln -s /tmp .slipway/tools'))
    const plan = listed([bash('ln -s /bin/sh out'), ...calls])
    const { project, ids } = await accepted([draft('refused', [], { model, plan })])
    const { headSha, baseSha } = await until(ids[0]!, 'ready')
    const answers = (await results(ids[0]!)).filter(({ name }) => name !== 'bash')
    for (const [n, [, , why]] of refused.entries()) {
      expect(answers[n]?.text).toMatch(/^Error: /)
      expect(answers[n]?.text).toContain(why)
    }
    expect((await changed(project.id, baseSha!, headSha!)).sort()).toEqual(['+.slipway/tools', '+out'])
  })
})
