/** What a request came to. */
export interface Answer<T> {
  status: number
  body: T
}

/** Speaks with the API as `curl` does: a method, a path, JSON, a token. Nothing of the product stands between. */
export interface Http {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  /** Without judging the status. */
  send<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>
}

/** @throws from `get` and `post` with the whole answer when it is no success */
export function plainHttp({ url, token }: { url: string; token: string }): Http {
  const send = async <T>(method: string, path: string, body?: unknown, headers = {}): Promise<Answer<T>> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T }
  }
  const good = async <T>(answer: Promise<Answer<T>>): Promise<T> => {
    const { status, body } = await answer
    if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
    return body
  }
  return {
    send,
    get: path => good(send('GET', path)),
    post: (path, body, headers) => good(send('POST', path, body, headers)),
  }
}
