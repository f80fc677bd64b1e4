ALTER TABLE "goal" ADD COLUMN "key" text;--> statement-breakpoint
ALTER TABLE "goal" ADD CONSTRAINT "goal_key" UNIQUE("organization_id","key");