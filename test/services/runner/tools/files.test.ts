import { chmod, link, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toolsOver } from '../support.ts'

test('read_file gives the text of a file', async () => {
  const { call } = await toolsOver({ 'src/a.ts': 'one\ntwo\nthree' })
  expect(await call('read_file', { path: 'src/a.ts' })).toBe('one\ntwo\nthree')
  expect(await call('read_file', { path: './src/../src/a.ts' })).toBe('one\ntwo\nthree')
})

test('read_file reads a long file in pieces and says where it goes on', async () => {
  const { call } = await toolsOver({ 'long.txt': Array.from({ length: 5_000 }, (_, i) => `line ${i + 1}`).join('\n') })
  const first = await call('read_file', { path: 'long.txt' })
  expect(first.split('\n')).toHaveLength(2_001)
  expect(first).toMatch(/\nline 2000\n\[lines 1 to 2,000; the file goes on: read on with offset 2001\]$/)
  expect(await call('read_file', { path: 'long.txt', offset: 4_999, limit: 10 })).toBe('line 4999\nline 5000')
  expect(await call('read_file', { path: 'long.txt', offset: 6_000 })).toMatch(
    /^Error: long.txt has only 5,000 lines\./,
  )
})

test('read_file cuts a line without end instead of filling the answer with it', async () => {
  const { call, root } = await toolsOver({ 'min.js': 'x' })
  await writeFile(join(root, 'min.js'), `${'y'.repeat(3_000_000)}\nlast`)
  const text = await call('read_file', { path: 'min.js' })
  expect(text.length).toBeLessThan(3_000)
  expect(text).toMatch(/… \[line cut\]\nlast$/)
})

test('read_file says what is wrong with what it cannot read', async () => {
  const { call, root } = await toolsOver({ 'src/a.ts': 'x', 'empty.txt': '' })
  await writeFile(join(root, 'image.png'), Buffer.from([1, 0, 2]))
  expect(await call('read_file', { path: 'missing.ts' })).toMatch(/^Error: there is no file missing\.ts\. Look/)
  expect(await call('read_file', { path: 'src' })).toMatch(/^Error: src is a folder\. Use list_files/)
  expect(await call('read_file', { path: 'image.png' })).toMatch(/^Error: image\.png is a binary file \(3 bytes\)/)
  expect(await call('read_file', { path: 'src/a.ts/b' })).toMatch(/^Error: a part of src\/a\.ts\/b is a file/)
  expect(await call('read_file', { path: 'empty.txt' })).toBe('[the file is empty]')
})

test('read_file does not wait for a named pipe', async () => {
  const { call } = await toolsOver()
  await call('bash', { command: 'mkfifo pipe' })
  expect(await call('read_file', { path: 'pipe' })).toMatch(/^Error: pipe is not a regular file/)
})

test.each(['../outside.txt', '/etc/passwd', 'a/../../b', 'link/passwd', 'dangling', 'loop'])(
  'no file tool leaves the work tree by %s',
  async path => {
    const { call, root } = await toolsOver({ 'a.txt': 'x' })
    await symlink('/etc', join(root, 'link'))
    await symlink('/etc/slipway-nothing', join(root, 'dangling'))
    await symlink('loop', join(root, 'loop'))
    for (const [tool, args] of [
      ['read_file', { path }],
      ['write_file', { path, content: 'x' }],
      ['edit_file', { path, oldText: 'x', newText: 'y' }],
      ['list_files', { path }],
      ['search', { pattern: 'root', path }],
    ] as const) {
      expect(await call(tool, args), tool).toMatch(/^Error: .*(outside of the work tree|circle of links)/)
    }
  },
)

test('a link that stays inside is followed, and an absolute path into the work tree is taken', async () => {
  const { call, root } = await toolsOver({ 'real/a.txt': 'inside' })
  await symlink('real', join(root, 'alias'))
  expect(await call('read_file', { path: 'alias/a.txt' })).toBe('inside')
  expect(await call('read_file', { path: join(root, 'real/a.txt') })).toBe('inside')
  expect(await call('write_file', { path: 'alias/new/b.txt', content: 'b' })).toBe('Wrote 1 byte to alias/new/b.txt.')
  expect(await readFile(join(root, 'real/new/b.txt'), 'utf8')).toBe('b')
})

test('write_file makes folders, replaces what is there and keeps its mode', async () => {
  const { call, root } = await toolsOver({ 'run.sh': 'old' })
  await chmod(join(root, 'run.sh'), 0o755)
  expect(await call('write_file', { path: 'run.sh', content: 'néw\n' })).toBe('Wrote 5 bytes to run.sh.')
  expect(await readFile(join(root, 'run.sh'), 'utf8')).toBe('néw\n')
  expect((await stat(join(root, 'run.sh'))).mode & 0o777).toBe(0o755)
  await call('write_file', { path: 'deep/er/file', content: '' })
  expect(await readFile(join(root, 'deep/er/file'), 'utf8')).toBe('')
})

test('write_file refuses a folder, a file as folder, and too much', async () => {
  const { call } = await toolsOver({ 'src/a.ts': 'x' })
  expect(await call('write_file', { path: 'src', content: 'x' })).toMatch(/^Error: src is a folder/)
  expect(await call('write_file', { path: '.', content: 'x' })).toMatch(/^Error: \. is a folder/)
  expect(await call('write_file', { path: 'src/a.ts/b', content: 'x' })).toMatch(
    /^Error: a part of src\/a\.ts\/b is a file/,
  )
  expect(await call('write_file', { path: 'big', content: 'x'.repeat(5 * 1024 * 1024 + 1) })).toMatch(
    /^Error: the content is 5 MB/,
  )
})

test('edit_file replaces text that is there once, whatever characters it has', async () => {
  const { call, root } = await toolsOver({ 'a.txt': '\uFEFFcost: $1 (.*)\r\nend\r\n' })
  expect(await call('edit_file', { path: 'a.txt', oldText: '$1 (.*)', newText: "$& $' $1" })).toBe(
    'Edited a.txt: 1 replacement.',
  )
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe("\uFEFFcost: $& $' $1\r\nend\r\n")
})

test('edit_file asks for more when the text is not there, or more than once', async () => {
  const { call, root } = await toolsOver({ 'a.txt': 'one two one' })
  expect(await call('edit_file', { path: 'a.txt', oldText: 'three', newText: 'x' })).toMatch(
    /^Error: oldText is not in a\.txt\. Read the file/,
  )
  expect(await call('edit_file', { path: 'a.txt', oldText: 'one', newText: 'x' })).toMatch(
    /^Error: oldText is in a\.txt 2 times\. Give more/,
  )
  expect(await call('edit_file', { path: 'a.txt', oldText: 'one', newText: 'one' })).toMatch(
    /^Error: oldText and newText are the same/,
  )
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('one two one')
  expect(await call('edit_file', { path: 'a.txt', oldText: 'one', newText: '1', replaceAll: true })).toBe(
    'Edited a.txt: 2 replacements.',
  )
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('1 two 1')
})

test('edit_file leaves files alone that are not text', async () => {
  const { call, root } = await toolsOver()
  await writeFile(join(root, 'bin'), Buffer.from([0x61, 0xff, 0x61]))
  expect(await call('edit_file', { path: 'bin', oldText: 'a', newText: 'b' })).toMatch(
    /^Error: bin is not text in UTF-8/,
  )
  expect(await call('edit_file', { path: 'nothing', oldText: 'a', newText: 'b' })).toMatch(
    /^Error: there is no file nothing/,
  )
})

test('list_files names what git would, sorted, and ignored files only when asked for', async () => {
  const { call, root } = await toolsOver({ '.gitignore': 'dist/\n', 'src/b.ts': '', 'src/a.js': '', 'README.md': '' })
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'dist/out.js'), '')
  await writeFile(join(root, 'src/new.ts'), '')
  expect(await call('list_files', {})).toBe('.gitignore\nREADME.md\nsrc/a.js\nsrc/b.ts\nsrc/new.ts')
  expect(await call('list_files', { glob: '*.ts' })).toBe('src/b.ts\nsrc/new.ts')
  expect(await call('list_files', { path: 'src', glob: '*.js' })).toBe('src/a.js')
  expect(await call('list_files', { glob: 'src/*.js' })).toBe('src/a.js')
  expect(await call('list_files', { glob: '*.go' })).toBe('[no files]')
  expect(await call('list_files', { path: 'dist' })).toBe('dist/out.js')
  await call('bash', { command: 'rm README.md' })
  expect(await call('list_files', {})).not.toMatch(/README/)
  expect(await call('list_files', { path: 'nowhere' })).toMatch(/^Error: there is no nowhere/)
})

test('list_files stops at its limit and says how many there are', async () => {
  const { call } = await toolsOver()
  await call('bash', { command: 'for i in $(seq 1200); do : > file-$i; done' })
  const lines = (await call('list_files', {})).split('\n')
  expect(lines).toHaveLength(1_001)
  expect(lines.at(-1)).toBe('[the first 1,000 of 1,200 files; narrow it down with path or glob]')
})

test('search finds lines by regular expression', async () => {
  const { call, root } = await toolsOver({
    '.gitignore': 'dist/\n',
    'src/a.ts': 'let x1 = 1\nlet y = 2\n',
    'b.md': 'x1 too\n',
  })
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'dist/out.js'), 'x1')
  expect(await call('search', { pattern: '\\bx\\d\\b' })).toBe('b.md:1:x1 too\nsrc/a.ts:1:let x1 = 1')
  expect(await call('search', { pattern: 'x1', glob: '*.ts' })).toBe('src/a.ts:1:let x1 = 1')
  expect(await call('search', { pattern: 'x1', path: 'b.md' })).toBe('b.md:1:x1 too')
  expect(await call('search', { pattern: 'x1', path: 'dist' })).toBe('dist/out.js:1:x1')
  expect(await call('search', { pattern: 'nowhere' })).toBe('[no matches]')
  expect(await call('search', { pattern: '-e' })).toBe('[no matches]')
  expect(await call('search', { pattern: '(' })).toMatch(
    /^Error: the pattern does not work: .*Correct the regular expression/,
  )
})

test('search stops at its limit', async () => {
  const { call } = await toolsOver({ 'many.txt': 'match\n'.repeat(10_000) })
  const lines = (await call('search', { pattern: 'match' })).split('\n')
  expect(lines).toHaveLength(201)
  expect(lines.at(-1)).toMatch(/^\[the first 200 matches; narrow it down/)
})

test('an expression that backtracks for ever ends in an error', async () => {
  const { call } = await toolsOver({ 'a.txt': `${'a'.repeat(5_000)}!\n` })
  expect(await call('search', { pattern: '^(a+)+$' })).toMatch(/^(Error: |\[no matches\])/)
})

test('an unknown tool and wrong arguments are answered, never thrown', async () => {
  const { call } = await toolsOver()
  expect(await call('rm_rf', {})).toMatch(/^Error: there is no tool "rm_rf" here\. Use one of bash,/)
  expect(await call('__proto__', {})).toMatch(/^Error: there is no tool/)
  expect(await call('parallel', {})).toMatch(/^Error: there is no tool/)
  expect(await call('read_file', { path: 7 })).toMatch(/^Error: the arguments of read_file are wrong: path/)
  expect(await call('read_file', undefined)).toMatch(/^Error: the arguments of read_file/)
  expect(await call('read_file', { path: 'a\u0000b' })).toMatch(/^Error: .*NUL/)
})

test('a hard link to a file is replaced, not written through', async () => {
  const { call, root } = await toolsOver({ 'a.txt': 'a' })
  await link(join(root, 'a.txt'), join(root, 'b.txt'))
  await call('write_file', { path: 'b.txt', content: 'b' })
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('a')
})
