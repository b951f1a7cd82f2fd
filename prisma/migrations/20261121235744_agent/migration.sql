-- DropIndex
DROP INDEX "pipelines_task_id_idx";

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "mode" TEXT;

-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "broken_runs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "budget_usd" DECIMAL(14,6),
ADD COLUMN     "follows_id" UUID,
ADD COLUMN     "kind" TEXT NOT NULL DEFAULT 'board',
ADD COLUMN     "mode" TEXT,
ADD COLUMN     "plan_version" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "proposed_in_id" UUID,
ADD COLUMN     "reserved_usd" DECIMAL(14,6) NOT NULL DEFAULT 0,
ADD COLUMN     "revising" JSONB,
ALTER COLUMN "number" DROP NOT NULL;

-- AlterTable
ALTER TABLE "pipelines" ADD COLUMN     "attempt" INTEGER NOT NULL,
ADD COLUMN     "base_sha" TEXT NOT NULL,
ADD COLUMN     "call_index" INTEGER NOT NULL,
ADD COLUMN     "iteration" INTEGER NOT NULL;

-- CreateTable
CREATE TABLE "plan_versions" (
    "task_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "done_when" TEXT NOT NULL,
    "depends_on" JSONB NOT NULL,
    "replaced_by" TEXT NOT NULL,
    "replaced_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plan_versions_pkey" PRIMARY KEY ("task_id","version")
);

-- CreateTable
CREATE TABLE "model_calls" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "task_id" UUID NOT NULL,
    "pipeline_id" UUID,
    "model" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "input_tokens" INTEGER NOT NULL,
    "output_tokens" INTEGER NOT NULL,
    "cached_input_tokens" INTEGER NOT NULL DEFAULT 0,
    "cost_usd" DECIMAL(14,6) NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_calls_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "model_calls_project_id_at_idx" ON "model_calls"("project_id", "at");

-- CreateIndex
CREATE INDEX "model_calls_task_id_idx" ON "model_calls"("task_id");

-- CreateIndex
CREATE UNIQUE INDEX "pipelines_task_id_attempt_iteration_call_index_key" ON "pipelines"("task_id", "attempt", "iteration", "call_index");

-- AddForeignKey
ALTER TABLE "plan_versions" ADD CONSTRAINT "plan_versions_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_calls" ADD CONSTRAINT "model_calls_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_calls" ADD CONSTRAINT "model_calls_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;
