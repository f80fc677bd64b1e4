ALTER TYPE "public"."goal_direction" ADD VALUE 'BUDGET';--> statement-breakpoint
CREATE TABLE "goal_forecast" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"as_of" date NOT NULL,
	"deadline" date NOT NULL,
	"fit" jsonb,
	"missing" text,
	CONSTRAINT "goal_forecast_organization_id_goal_id_pk" PRIMARY KEY("organization_id","goal_id")
);
--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "aim_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "guards" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_status" "goal_status";--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_reason" text;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_until" date;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_by" text;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_at" timestamptz;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "override_version" integer;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "leaning" "goal_status";--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "leaning_since" date;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_value" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_half_low" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_half_high" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_mostly_low" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_mostly_high" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "probability" double precision;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "projected_on" date;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "forecast_method" text;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "guards" jsonb;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "budget" jsonb;--> statement-breakpoint
ALTER TABLE "goal_forecast" ADD CONSTRAINT "goal_forecast_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint

-- The second wall, as for every table of an organization.
ALTER TABLE "goal_forecast" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "goal_forecast" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "goal_forecast" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "goal_forecast" TO tidemark_app;
