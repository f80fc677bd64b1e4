CREATE TYPE "public"."goal_review_kind" AS ENUM('MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW');--> statement-breakpoint
CREATE TYPE "public"."goal_review_role" AS ENUM('OWNER', 'REVIEWER');--> statement-breakpoint
CREATE TABLE "goal_review" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"goal_id" uuid NOT NULL,
	"kind" "goal_review_kind" NOT NULL,
	"period_from" date NOT NULL,
	"period_to" date NOT NULL,
	"due_on" date NOT NULL,
	"findings" jsonb NOT NULL,
	"found_at" timestamptz NOT NULL,
	"discussion" text,
	"decisions" jsonb NOT NULL,
	"opened_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"signed_at" timestamptz,
	"actor" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "goal_review_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "goal_review_period" UNIQUE("organization_id","goal_id","kind","period_to")
);
--> statement-breakpoint
CREATE TABLE "goal_review_signature" (
	"organization_id" uuid NOT NULL,
	"review_id" uuid NOT NULL,
	"role" "goal_review_role" NOT NULL,
	"person_id" uuid NOT NULL,
	"signed_at" timestamptz NOT NULL,
	"digest" text NOT NULL,
	CONSTRAINT "goal_review_signature_organization_id_review_id_role_pk" PRIMARY KEY("organization_id","review_id","role")
);
--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "reviews" text[] DEFAULT '{"MONTHLY_ANALYSIS","QUARTERLY_REVIEW"}' NOT NULL;--> statement-breakpoint
ALTER TABLE "goal_review" ADD CONSTRAINT "goal_review_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_review_signature" ADD CONSTRAINT "goal_review_signature_review" FOREIGN KEY ("organization_id","review_id") REFERENCES "public"."goal_review"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_review_signature" ADD CONSTRAINT "goal_review_signature_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "goal_review_due" ON "goal_review" USING btree ("organization_id","due_on","id");--> statement-breakpoint

-- The second wall, as for every table of an organization; and what all have signed cannot be changed by anybody.
DO $$
DECLARE
  tenant_table regclass;
  mine text := 'organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid';
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['goal_review', 'goal_review_signature']::regclass[]
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant ON %s USING (%s)', tenant_table, mine);
    EXECUTE format('GRANT SELECT, INSERT ON %s TO tidemark_app', tenant_table);
  END LOOP;
END $$;--> statement-breakpoint
CREATE POLICY unsigned ON goal_review AS RESTRICTIVE FOR UPDATE USING (signed_at IS NULL) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY unsigned_insert ON goal_review_signature AS RESTRICTIVE FOR INSERT WITH CHECK (EXISTS (
  SELECT FROM goal_review r
  WHERE r.organization_id = goal_review_signature.organization_id AND r.id = review_id AND r.signed_at IS NULL));--> statement-breakpoint
CREATE POLICY unsigned_delete ON goal_review_signature AS RESTRICTIVE FOR DELETE USING (EXISTS (
  SELECT FROM goal_review r
  WHERE r.organization_id = goal_review_signature.organization_id AND r.id = review_id AND r.signed_at IS NULL));--> statement-breakpoint
GRANT UPDATE ON goal_review TO tidemark_app;--> statement-breakpoint
-- Whoever has signed may take it back until all have.
GRANT DELETE ON goal_review_signature TO tidemark_app;
