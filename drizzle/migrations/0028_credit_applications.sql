CREATE TYPE "public"."credit_application_status" AS ENUM('SUBMITTED', 'APPROVED', 'APPROVED_IN_PART', 'DECLINED', 'WITHDRAWN');--> statement-breakpoint
CREATE TABLE "credit_application" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid,
	"status" "credit_application_status" DEFAULT 'SUBMITTED' NOT NULL,
	"facts" jsonb NOT NULL,
	"requested" bigint NOT NULL,
	"currency" text NOT NULL,
	"requested_terms_days" integer NOT NULL,
	"submitted_at" timestamptz NOT NULL,
	"submitted_on" date NOT NULL,
	"submitted_by" text NOT NULL,
	"score" jsonb NOT NULL,
	"decided_at" timestamptz,
	"decided_on" date,
	"decided_by" text,
	"business_days" integer,
	"granted" bigint,
	"granted_terms_days" integer,
	"reasons" jsonb,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "credit_application_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "credit_application_requested" CHECK ("credit_application"."requested" > 0 and coalesce("credit_application"."granted" >= 0, true)),
	CONSTRAINT "credit_application_decided" CHECK (("credit_application"."decided_at" is null) = ("credit_application"."decided_on" is null) and ("credit_application"."decided_at" is null) = ("credit_application"."status" in ('SUBMITTED', 'WITHDRAWN')))
);
--> statement-breakpoint
CREATE TABLE "credit_scorecard" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"rules" jsonb NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_scorecard_organization_id_version_pk" PRIMARY KEY("organization_id","version")
);
--> statement-breakpoint
ALTER TABLE "credit_application" ADD CONSTRAINT "credit_application_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_application" ADD CONSTRAINT "credit_application_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_scorecard" ADD CONSTRAINT "credit_scorecard_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_application_decided" ON "credit_application" USING btree ("organization_id","decided_on") WHERE decided_on is not null;--> statement-breakpoint

-- The second wall, as for every table of an organization. A scorecard stays what it was.
ALTER TABLE "credit_scorecard" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "credit_scorecard" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "credit_scorecard" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT ON "credit_scorecard" TO tidemark_app;--> statement-breakpoint
ALTER TABLE "credit_application" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "credit_application" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "credit_application" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "credit_application" TO tidemark_app;
