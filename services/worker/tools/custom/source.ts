import type { ToolSource } from '../types.ts'
import { routeCustomCall } from './call.ts'
import type { Catalogue } from './catalogue.ts'

/** The project's own tools, as tools of the run. */
export function projectTools(catalogue: Catalogue): ToolSource {
  return {
    async open({ exec }) {
      await catalogue.read(exec)
    },
    specs: () =>
      [...catalogue.found().tools.values()].map(({ name, description, parameters: { $schema: _, ...parameters } }) => ({
        name,
        description,
        parameters,
      })),
    route(name, args) {
      const tool = catalogue.found().tools.get(name)
      return tool ? routeCustomCall(tool, args) : null
    },
  }
}
