/** Something that runs until it is stopped. `stop` may be called twice. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts in order; stops those that started in reverse order, also when a later one does not start. */
export function compose(services: readonly Service[]): Service {
  const started: Service[] = []
  const stop = async () => {
    for (let service = started.pop(); service; service = started.pop()) await service.stop()
  }
  return {
    stop,
    async start() {
      try {
        for (const service of services) {
          started.push(service)
          await service.start()
        }
      } catch (error) {
        await stop()
        throw error
      }
    },
  }
}
