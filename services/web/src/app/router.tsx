import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { nextPath } from '../auth/next-path.ts'
import type { Session } from '../auth/session.ts'
import { SignInPage } from '../auth/sign-in-page.tsx'
import { BoardPage } from '../board/board-page.tsx'
import type { BoardView } from '../board/board-view.ts'
import { ProjectsPage } from '../projects/projects-page.tsx'
import { isTaskTab, type TaskTab } from '../task/task-tabs.ts'
import { Broken, Missing } from './broken.tsx'
import { Shell } from './shell.tsx'

const ThreadsPage = lazyRouteComponent(() => import('../threads/threads-page.tsx'), 'ThreadsPage')
const TaskPage = lazyRouteComponent(() => import('../task/task-page.tsx'), 'TaskPage')

interface RouterContext {
  session: Session
  queryClient: QueryClient
}

const rootRoute = createRootRouteWithContext<RouterContext>()({ component: Outlet })

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/signin',
  validateSearch: (search): { next?: string } => ({ next: search.next ? nextPath(search.next) : undefined }),
  component: function SignIn() {
    const { session } = signInRoute.useRouteContext()
    return <SignInPage next={signInRoute.useSearch().next ?? '/'} session={session} />
  },
})

const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  beforeLoad: ({ context, location }) => {
    if (!context.session.token()) throw redirect({ to: '/signin', search: { next: nextPath(location.href) } })
  },
  component: function SignedInFrame() {
    return <Shell session={signedInRoute.useRouteContext().session} />
  },
})

const projectsRoute = createRoute({ getParentRoute: () => signedInRoute, path: '/', component: ProjectsPage })

const boardRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/p/$projectId',
  validateSearch: (search): BoardView => ({
    q: typeof search.q === 'string' && search.q ? search.q : undefined,
    all: search.all === true || undefined,
  }),
  component: function Board() {
    const { projectId } = boardRoute.useParams()
    return <BoardPage key={projectId} projectId={projectId} view={boardRoute.useSearch()} />
  },
})

const threadsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/p/$projectId/threads',
  component: function Threads() {
    const { projectId } = threadsRoute.useParams()
    return <ThreadsPage key={projectId} projectId={projectId} threadId={undefined} />
  },
})

const threadRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/p/$projectId/threads/$threadId',
  component: function OneThread() {
    const { projectId, threadId } = threadRoute.useParams()
    return <ThreadsPage key={projectId} projectId={projectId} threadId={threadId} />
  },
})

const taskRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/t/$taskId',
  validateSearch: (search): { tab?: TaskTab } => ({ tab: isTaskTab(search.tab) ? search.tab : undefined }),
  component: function Task() {
    const { taskId } = taskRoute.useParams()
    return <TaskPage key={taskId} tab={taskRoute.useSearch().tab} taskId={taskId} />
  },
})

const opsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/ops',
  component: lazyRouteComponent(() => import('../ops/ops-page.tsx'), 'OpsPage'),
})

/** Every page and its address. Whoever is not signed in comes back to the same address after signing in. */
export function createAppRouter(context: RouterContext) {
  return createRouter({
    routeTree: rootRoute.addChildren([
      signInRoute,
      signedInRoute.addChildren([projectsRoute, boardRoute, threadsRoute, threadRoute, taskRoute, opsRoute]),
    ]),
    context,
    defaultNotFoundComponent: Missing,
    defaultErrorComponent: Broken,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
