import { behavesAsGitStore } from './behaviour.ts'
import { temporaryStore } from './support.ts'

behavesAsGitStore('the git store on disk', async () => {
  const { store, directory, close } = await temporaryStore()
  return { store, local: store, directory, close }
})
