CREATE TABLE "credit_rating" (
	"organization_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"source" text NOT NULL,
	"grade" text NOT NULL,
	"rated_on" date NOT NULL,
	"until" date,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_rating_organization_id_customer_id_rated_on_version_pk" PRIMARY KEY("organization_id","customer_id","rated_on","version"),
	CONSTRAINT "credit_rating_days" CHECK ("credit_rating"."until" >= "credit_rating"."rated_on")
);
--> statement-breakpoint
ALTER TABLE "credit_policy" ADD COLUMN "effective_on" date;--> statement-breakpoint
ALTER TABLE "credit_policy" ADD COLUMN "rules" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "credit_rating" ADD CONSTRAINT "credit_rating_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint

-- The second wall, as for every table of an organization. What an agency said stays what it was.
ALTER TABLE "credit_rating" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "credit_rating" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "credit_rating" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT ON "credit_rating" TO tidemark_app;--> statement-breakpoint
-- Versions that were set before held from the day on which that was. FORCE would hide the rows from an owner who is no
-- superuser.
ALTER TABLE "credit_policy" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE credit_policy SET effective_on = (credit_policy.recorded_at AT TIME ZONE organization.time_zone)::date
FROM organization WHERE organization.id = credit_policy.organization_id;--> statement-breakpoint
ALTER TABLE "credit_policy" ALTER COLUMN "effective_on" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "credit_policy" FORCE ROW LEVEL SECURITY;
