CREATE TYPE "public"."goal_action_state" AS ENUM('PLANNED', 'STARTED', 'DONE', 'DROPPED');--> statement-breakpoint
CREATE TYPE "public"."goal_outcome" AS ENUM('ACHIEVED', 'MISSED', 'ABANDONED');--> statement-breakpoint
CREATE TYPE "public"."goal_trajectory" AS ENUM('LINEAR', 'STEPPED', 'CUSTOM', 'SEASONAL');--> statement-breakpoint
ALTER TYPE "public"."goal_direction" ADD VALUE 'MAINTAIN_BAND';--> statement-breakpoint
ALTER TYPE "public"."goal_direction" ADD VALUE 'MILESTONES';--> statement-breakpoint
ALTER TYPE "public"."goal_state" ADD VALUE 'DRAFT' BEFORE 'ACTIVE';--> statement-breakpoint
ALTER TYPE "public"."goal_state" ADD VALUE 'PAUSED' BEFORE 'CLOSED';--> statement-breakpoint
ALTER TYPE "public"."goal_status" ADD VALUE 'ABANDONED';--> statement-breakpoint
CREATE TABLE "goal_action" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"owner_id" uuid,
	"due_on" date,
	"brings" text,
	"state" "goal_action_state" DEFAULT 'PLANNED' NOT NULL,
	"started_on" date,
	"done_on" date,
	"dropped_reason" text,
	"actor" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "goal_action_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "goal_change" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"reason" text,
	"fields" jsonb NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "goal_change_organization_id_goal_id_version_pk" PRIMARY KEY("organization_id","goal_id","version")
);
--> statement-breakpoint
CREATE TABLE "goal_follower" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	CONSTRAINT "goal_follower_organization_id_goal_id_person_id_pk" PRIMARY KEY("organization_id","goal_id","person_id")
);
--> statement-breakpoint
CREATE TABLE "goal_milestone" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"due_on" date NOT NULL,
	"done_on" date,
	"done_by" text,
	"dropped_by" text,
	CONSTRAINT "goal_milestone_organization_id_goal_id_id_pk" PRIMARY KEY("organization_id","goal_id","id")
);
--> statement-breakpoint
CREATE TABLE "goal_note" (
	"organization_id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"text" text NOT NULL,
	"author" text NOT NULL,
	"written_at" timestamptz NOT NULL,
	"changed_at" timestamptz,
	"changed_by" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "goal_note_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "goal" ALTER COLUMN "metric" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ALTER COLUMN "target" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "goal_progress" ALTER COLUMN "expected" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "baseline_year_before" numeric;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "baseline_year_before_reason" text;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "target_given" jsonb;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "band_low" numeric;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "band_high" numeric;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "trajectory" "goal_trajectory" DEFAULT 'LINEAR' NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "trajectory_points" jsonb;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "trajectory_given" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "reviewer_id" uuid;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "state_reason" text;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "outcome" "goal_outcome";--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "closed_sequence" bigint;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD COLUMN "goal_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "goal_action" ADD CONSTRAINT "goal_action_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_action" ADD CONSTRAINT "goal_action_owner" FOREIGN KEY ("organization_id","owner_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_change" ADD CONSTRAINT "goal_change_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_follower" ADD CONSTRAINT "goal_follower_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_follower" ADD CONSTRAINT "goal_follower_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_milestone" ADD CONSTRAINT "goal_milestone_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_note" ADD CONSTRAINT "goal_note_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "goal_action_goal" ON "goal_action" USING btree ("organization_id","goal_id");--> statement-breakpoint
CREATE INDEX "goal_note_goal" ON "goal_note" USING btree ("organization_id","goal_id");--> statement-breakpoint
ALTER TABLE "goal" ADD CONSTRAINT "goal_parent" FOREIGN KEY ("organization_id","parent_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal" ADD CONSTRAINT "goal_reviewer" FOREIGN KEY ("organization_id","reviewer_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "goal_parent" ON "goal" USING btree ("organization_id","parent_id");--> statement-breakpoint

-- The second wall, as for every table of an organization.
DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['goal_action', 'goal_change', 'goal_follower', 'goal_milestone', 'goal_note']::regclass[]
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant ON %s USING (organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid)',
      tenant_table
    );
    EXECUTE format('GRANT SELECT, INSERT ON %s TO tidemark_app', tenant_table);
  END LOOP;
END $$;--> statement-breakpoint
GRANT UPDATE ON goal_action, goal_milestone, goal_note TO tidemark_app;--> statement-breakpoint
-- Who follows a goal no longer leaves no row.
GRANT DELETE ON goal_follower TO tidemark_app;
