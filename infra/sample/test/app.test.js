import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createApp } from '../src/app.js'

test('the app serves berths and pages, and nothing else', async () => {
  const app = await createApp()
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  const url = `http://127.0.0.1:${app.address().port}`
  assert.equal((await (await fetch(`${url}/api/berths`)).json()).length, 4)
  assert.match(await (await fetch(url)).text(), /Harbour/)
  assert.equal((await fetch(`${url}/../src/app.js`)).status, 404)
  app.close()
})
