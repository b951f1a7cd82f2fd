const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * Every number of the product. Names say the unit: `Bytes`, `Chars` (UTF-16 code units, as JavaScript and zod count),
 * `Seconds`, `Ms`; the others are counts.
 */
export const LIMITS = Object.freeze({
  /** A `parallel` pipeline. */
  pipeline: Object.freeze({
    /** Fewest tasks of a pipeline. */
    minTasks: 2,
    /** Most tasks of a pipeline. */
    maxTasks: 8,
    /** Most tasks on the longest dependency chain. */
    maxDepth: 4,
    /** Longest name of a pipeline task. */
    nameChars: 200,
    /** Longest prompt of a pipeline task. */
    promptChars: 100_000,
    /** Iterations of each task's agent. */
    maxIterations: 60,
  }),

  /** Tasks of the board. */
  task: Object.freeze({
    /** Most drafts that one request creates. */
    perBatch: 1_000,
    /** Longest key that names a task within its batch. */
    keyChars: 100,
    titleChars: 200,
    descriptionChars: 10_000,
    planChars: 100_000,
    doneWhenChars: 10_000,
    /** Most prerequisites of one task. */
    dependsOn: 50,
    /** Longest output that a task hands to its dependants; what is longer is cut with a notice (50 KB). */
    outputBytes: 50 * KIB,
    /** Priority: the higher number starts first. */
    minPriority: -100,
    maxPriority: 100,
    /** Longest slug in a branch name `tasks/<number>-<slug>`. */
    branchSlugChars: 48,
  }),

  project: Object.freeze({
    nameChars: 100,
    slugChars: 60,
    /** Longest git URL to clone from. */
    urlChars: 2_000,
    /** Longest set-up, check or preview command. */
    commandChars: 10_000,
    /** Most hosts on the egress allow-list. */
    egressHosts: 100,
    /** Iterations per run unless the project says otherwise, and the most it may say. */
    maxIterations: 60,
    maxIterationsCeiling: 1_000,
    /** Most tasks at once that a project's `maxParallel` may ask for. */
    maxParallelCeiling: 1_000,
    /** Time for cloning a project's source. */
    cloneTimeoutMs: 10 * MINUTE_MS,
  }),

  thread: Object.freeze({
    titleChars: 200,
    /** Longest message of a person. */
    messageChars: 100_000,
    /** Of the drafts that are to be revised the agent is told about so much in all; each is cut to its share. */
    reviseChars: 200_000,
  }),

  /** Tasks of an organization that run at once, by plan. */
  plan: Object.freeze({ core: 2, pro: 10 }),

  http: Object.freeze({
    jsonBodyBytes: MIB,
    listDefault: 50,
    listMax: 200,
    eventsMax: 500,
    /** Requests a minute for one token. */
    requestsPerMinute: 6_000,
    idempotencyKeyChars: 255,
    /** How long the answer to an `Idempotency-Key` is kept. */
    idempotencyRetentionMs: 24 * HOUR_MS,
    /** Largest body of a push or an internal bundle transfer. */
    gitBodyBytes: 512 * MIB,
    /** How long a browser's sign-in link works. */
    signInLinkMs: 15 * MINUTE_MS,
    /** How long a signed-in browser stays so. */
    sessionMs: 30 * 24 * HOUR_MS,
  }),

  socket: Object.freeze({
    /** Largest message that a client may send. */
    messageBytes: 64 * KIB,
    /** Most projects that one client follows. */
    subscriptions: 100,
    /** The gateway looks for events that no hint told of this often. */
    catchUpMs: 2_000,
  }),

  /** A diff as the API shows it. */
  diff: Object.freeze({
    /** Most files listed; the rest only as a patch. */
    files: 1_000,
    /** Largest patch that is parsed into hunks. */
    bytes: 5 * MIB,
  }),

  /** The agent's tools. */
  tools: Object.freeze({
    bashTimeoutSeconds: 120,
    bashMaxTimeoutSeconds: 600,
    /** Time between SIGTERM and SIGKILL for a command that ran too long. */
    killGraceMs: 5_000,
    /** Of a long output the model reads this much of the head … */
    outputHeadBytes: 32 * KIB,
    /** … and this much of the tail. */
    outputTailBytes: 32 * KIB,
    /** The work log keeps of it this much of the head … */
    loggedHeadBytes: 128 * KIB,
    /** … and this much of the tail. */
    loggedTailBytes: 128 * KIB,
    /** A command that has printed this much is killed. */
    outputCapBytes: 50 * MIB,
    readLines: 2_000,
    readBytes: 256 * KIB,
    writeBytes: 5 * MIB,
    /** Most paths that `list_files` names. */
    listEntries: 1_000,
    /** Most lines that `search` finds. */
    searchMatches: 200,
    /** Longest line that a tool shows. */
    lineChars: 2_000,
    /** Longest arguments of one call. */
    argumentBytes: 6 * MIB,
    /** Most calls that one model reply may make. */
    callsPerIteration: 32,
    commandChars: 100_000,
    pathChars: 4_096,
    patternChars: 1_000,
    /** The same call with the same result: told to try something else after so many, stopped after so many. */
    repeatsBeforeHint: 3,
    repeatsBeforeStop: 6,
  }),

  /** The tools that a project brings along as scripts. */
  customTools: Object.freeze({
    /** Most of one project. */
    tools: 32,
    /** Largest manifest. */
    manifestBytes: 12 * KIB,
    /** Largest script that `tool_create` writes; a larger one is written as a file and registered. */
    scriptBytes: 64 * KIB,
    descriptionChars: 2_000,
    /** Largest arguments of a call, as JSON. */
    argumentBytes: 64 * KIB,
    /** Most schemas within a schema of arguments, and how deep they may nest: what is checked against it takes as long. */
    schemaNodes: 500,
    schemaDepth: 12,
    readTimeoutSeconds: 30,
  }),

  /** MCP servers of a project, and what may come from them. */
  mcp: Object.freeze({
    servers: 10,
    serverNameChars: 24,
    args: 50,
    env: 50,
    headers: 20,
    /** Longest command, argument, header or variable. */
    valueChars: 4_000,
    /** Most tools of one server, and of all together. */
    toolsPerServer: 40,
    tools: 64,
    /** Longest name of a tool: that is what providers take. */
    toolNameChars: 64,
    descriptionChars: 2_000,
    /** Largest schema of a tool's arguments. */
    schemaBytes: 16 * KIB,
    /** A server that has not named its tools by then is left out. */
    connectMs: 10_000,
    callMs: 120_000,
    /** Largest message of a server, and the most that it may say until it is asked again. */
    messageBytes: 4 * MIB,
    floodBytes: 16 * MIB,
    floodMessages: 10_000,
    /** Most of one result that the work log keeps. */
    resultBytes: 512 * KIB,
    /** Times that a server which ended is started again within one run. */
    restarts: 5,
  }),

  /** The runner's protocol. */
  frames: Object.freeze({
    /** Largest payload of one frame. */
    payloadBytes: MIB,
    /** Largest git bundle, in or out. */
    bundleBytes: 256 * MIB,
    /** Most of the runner's stderr that is kept for diagnosis. */
    stderrBytes: 64 * KIB,
    /** A runner that has not said `opened` by then is given up. */
    openTimeoutMs: 2 * MINUTE_MS,
    /** Most checkpointed text that one iteration's results may carry. */
    resultsBytes: 12 * MIB,
  }),

  /** A task's container. */
  container: Object.freeze({
    memoryBytes: 2 * GIB,
    cpus: 2,
    pids: 256,
    /** Work tree and git objects; a tmpfs counts as the container's memory, so well below it. */
    workspaceBytes: 768 * MIB,
    tmpBytes: 256 * MIB,
    /** Most files and folders in the work tree's file system. */
    workspaceInodes: 400_000,
    openFiles: 4_096,
    stopTimeoutSeconds: 1,
    /** The reaper looks for containers without a live task this often. */
    reapEveryMs: 15_000,
  }),

  /** Claims and recovery. */
  engine: Object.freeze({
    /** A claim is lost when its worker has not renewed it for this long; no longer than the queue's lock. */
    leaseMs: 8_000,
    renewMs: 2_500,
    queueLockMs: 10_000,
    stalledCheckMs: 3_000,
    /** A lost task that nobody has taken over after so long gets another job. */
    takeOverMs: 3_000,
    /** A claim that Postgres did not answer is tried again after this. */
    claimRetryMs: 1_000,
    /** Workers that may die under a task without a new checkpoint before the task fails. */
    workerDeaths: 10,
    /** Containers of one run that may be lost in a row without a new checkpoint. */
    containerLosses: 2,
    /** Runs in a row that may break for reasons of ours (Docker, git store) without a new checkpoint; and tries of one apply. */
    brokenRuns: 20,
    /** A task or apply that broke so is tried again after this pause, which doubles each time … */
    brokenRunPauseMs: 3_000,
    /** … up to this. */
    brokenRunPauseMaxMs: 60_000,
    /** A running worker asks for its cancelled tasks no later than this. */
    cancelNoticeMs: 2_500,
    relayEveryMs: 500,
    /** The keeper of the outbox shows this often that it lives … */
    keeperBeatMs: 1_000,
    /** … and another takes its place when it has not for this long. */
    keeperSilentMs: 5_000,
    reconcileEveryMs: 5_000,
    /** Outbox rows that the relay takes at once. */
    outboxBatch: 500,
    /** Time that SIGTERM leaves to give the running tasks back. */
    drainMs: 8_000,
    workerConcurrency: 10,
    /** A worker that has not told of itself for this long is shown as gone. */
    workerSilentMs: 15_000,
  }),

  /** The check command. */
  checks: Object.freeze({
    timeoutSeconds: 900,
    /** Set-up command before the first iteration. */
    setupTimeoutSeconds: 900,
    /** Rounds in which the agent may repair what its checks found. */
    fixRounds: 2,
    /** Most output that is stored of one run of the checks. */
    outputBytes: 256 * KIB,
    /** Most of a report that is searched for test counts. */
    reportBytes: 5 * MIB,
  }),

  /** What a turn is told of the project that it plans or changes. */
  overview: Object.freeze({
    /** All of it, and its share of what the model takes in; the smaller of the two. */
    bytes: 48 * KIB,
    contextShare: 0.2,
    /** Most lines of the tree; a larger one is shown as folders with the number of their files. */
    treeLines: 300,
    /** Most names that are read to make it. */
    treeBytes: 256 * KIB,
    /** Commits of the log. */
    commits: 20,
    /** Manifests, from the top down, and how much of the head of each. */
    manifests: 8,
    manifestBytes: 2 * KIB,
    readmeBytes: 4 * KIB,
    /** Open tasks, the newest of more. */
    tasks: 100,
    /** Longest line that is shown. */
    lineChars: 200,
    timeoutSeconds: 30,
  }),

  /** How much of a conversation a model is shown. */
  context: Object.freeze({
    /** What a model can take in, in tokens, where it is not known better. */
    defaultTokens: 128_000,
    /** The same for openai-compatible servers, many of which are small, where the installation does not say. */
    compatibleTokens: 32_000,
    /** Kept free for the reply. */
    reserveTokens: 16_000,
    /** One token is taken to be so many bytes of text: rather too many tokens, as most texts have more bytes to one. */
    bytesPerToken: 3,
    /** A model that takes in less beside prompt and tools is too small: better it says so than that nothing is left to be shown. */
    leastBytes: 8 * KIB,
    /** Of what fits, so much stays for the recent messages when the older ones become a summary. */
    recentShare: 0.3,
    /** Longest text of one message or result that the summary is made from. */
    summarizedChars: 4_000,
    /** Longest summary that is kept. */
    summaryChars: 16_000,
    /** Of what the user said before, so much is kept word for word: of each message and of all. */
    quotedChars: 2_000,
    quotedTotalChars: 20_000,
  }),

  /** Model calls. */
  model: Object.freeze({
    /** Time until the first token. */
    firstTokenMs: 2 * MINUTE_MS,
    /** A stream that says nothing for this long is cut and tried again. */
    idleMs: MINUTE_MS,
    attempts: 5,
    /** A provider that asks to wait longer than this parks the task. */
    patienceMs: 30_000,
    backoffMs: 500,
    backoffMaxMs: 20_000,
  }),

  /** What replies cost, and budgets. */
  money: Object.freeze({
    /** Output that is reserved for a reply; less where the budget has less left … */
    outputTokens: 16_000,
    /** … but a reply that may not have so much is not asked for. */
    leastOutputTokens: 4_000,
    /** A task that waits only for others' replies to be paid looks again after this. */
    busyMs: 5_000,
    /** Workers read the price list this often. */
    pricesMs: 5_000,
    /** Most entries in an installation's own price list. */
    ownPrices: 500,
    /** Highest price of a million tokens, in US dollars. */
    priceUsd: 100_000,
    /** Highest budget of a task or project, in US dollars. */
    budgetUsd: 1_000_000,
    /** Most lines of a project's usage; the total counts all. */
    usageLines: 1_000,
  }),
})

/**
 * How many tasks of an organization may run at once.
 * @param plan `core`, `pro` or a positive whole number as text
 * @throws RangeError that names the plan and what is allowed, for anything else
 */
export function parallelLimit(plan: string): number {
  if (plan === 'core' || plan === 'pro') return LIMITS.plan[plan]
  if (/^[1-9]\d{0,5}$/.test(plan)) return Number(plan)
  throw new RangeError(`Unknown plan ${JSON.stringify(plan)}: use core, pro or a whole number from 1 to 999999`)
}
