-- AlterTable
ALTER TABLE "applies" ADD COLUMN     "breaks" INTEGER NOT NULL DEFAULT 0;
